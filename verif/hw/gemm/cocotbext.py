"""What this project must know of cocotbext-axi."""

DEPRECATED = tuple(
    f"cocotbext.axi.{module}"
    for module in ("axi_channels", "axi_master", "axi_slave", "axil_master", "reset", "stream")
)
"""Its modules that call what cocotb 2.1 deprecates: for ``run_bench(ignored_deprecations=...)``."""
