"""What `mixdit demo` and `mixdit sample` run."""
