"""Row jobs beside the products of an engine."""

from amaranth.hdl import Signal

from hw.gemm.jobs.job import DIMENSION_BITS
from hw.gemm.jobs.job_order import JobOrder
from hw.gemm.reorder.reorder_job import reorder_job
from hw.gemm.reorder.reorder_path import ReorderPath
from hw.gemm.results.result_dispatch import PRODUCT_TURNS

__all__ = ["ROW_TURN", "RowJobs"]

ROW_TURN = PRODUCT_TURNS
"""Turn of the lines of row jobs, behind those of products."""


class RowJobs:
    """The path of row jobs, which take it one by one, and the order in which they and products are done.

    Parameters
    ----------
    m:
        The module to add them to.
    geometry:
        Sizes of the engine.
    words, target:
        As for ``ReorderPath``.

    Attributes
    ----------
    path:
        The ``ReorderPath``.
    fault:
        The job that is offered has a bad permutation; all before it are done.
    """

    def __init__(self, m, geometry, *, words, target):
        p = geometry.parameters
        m.submodules.reorder_path = self.path = ReorderPath(
            columns=p.reorder_columns,
            rows_bits=DIMENSION_BITS,
            words=words,
            function_lanes=p.function_lanes,
            data_bits=p.data_bits,
            address_bits=p.address_bits,
            target=target,
        )
        m.submodules.order = self._order = JobOrder()
        self._under_way = Signal(name="reordering")  # a row job is, or lines of one are not in memory
        # Nothing starts behind it; what was started before ends first.
        self.fault = self.path.fault & self._order.none

    def take(self, m, job):
        """Take ``job``, a stream of ``job_layout``, if it is a row job, when the one before has ended.

        Whether the path is ready for it.
        """
        m.d.comb += [
            self.path.job.valid.eq(job.valid & job.p.reorder & ~self._under_way),
            *reorder_job(self.path.job.p, job.p),
        ]
        return self.path.job.ready & ~self._under_way

    def end(self, m, job, dispatch, ended):
        """Tell products when they may be done; whether a row job is.

        ``job`` are those started, ``ended`` says of which turns all lines are in memory.
        """
        order, started = self._order, job.valid & job.ready
        m.d.comb += [
            order.started.eq(started),
            order.row.eq(job.p.reorder),
            order.product_done.eq(dispatch.job_done),
            order.row_ends.eq(self._under_way & self.path.idle & ended[ROW_TURN]),
            dispatch.may_end.eq(order.product_first),
        ]
        with m.If(order.row_ends):
            m.d.sync += self._under_way.eq(0)
        with m.If(started & job.p.reorder):
            m.d.sync += self._under_way.eq(1)
        return order.row_done
