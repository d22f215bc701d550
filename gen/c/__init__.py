"""C for programs that drive the engine, as it is shipped with every export of one.

``mixdit_gemm_driver.h``: the driver. ``mixdit_gemm_platform.h``: what a program needs from the machine that
it runs on; ``mixdit_gemm_linux.c``: from Linux. ``mixdit_gemm_example.c``: a product on any of these
machines. They include mixdit_gemm.h, the registers, which gen/designs/register_map.py writes.
"""
