"""What a job asks of rows."""

from amaranth.hdl import Value
from amaranth.lib import data

from hw.block.binary32 import binary32_layout
from hw.gemm.jobs.job import MX9_BLOCKS_BITS, PITCH_BITS
from hw.gemm.memory_format import MEMORY_FORMAT_BITS

__all__ = ["reorder_job", "reorder_job_layout"]


def reorder_job_layout(*, columns, rows_bits, address_bits, functions=True) -> data.StructLayout:
    """``rows`` rows of ``columns`` floats, bfloat16 if ``narrow``, from ``source`` to ``target``.

    Their order is that of the indices at ``permutation``, if ``permute``. Blocks have ``format``, a code of
    ``MemoryFormat``, behind ``mx9_blocks`` blocks of MX9. If ``divide``, each row has one float more, by
    which the others are divided.

    With ``functions`` rows may become floats, too, and there are also: ``norm``, rows are normalized,
    ``mean`` by layer norm, with ``epsilon``, or ``exponential`` by 2 to the power of them less their maximum;
    ``shift`` and ``scale``, whether there are such rows, binary32 one behind the other at ``vectors``.
    """
    of_norms = {"norm": 1, "mean": 1, "exponential": 1, "shift": 1, "scale": 1, "epsilon": binary32_layout()}
    of_norms["vectors"] = address_bits
    return data.StructLayout(
        {
            "rows": rows_bits,
            "columns": range(columns + 1),
            "narrow": 1,
            "permute": 1,
            "divide": 1,
            "permutation": address_bits,
            "source": address_bits,
            "source_pitch": PITCH_BITS,
            "target": address_bits,
            "target_pitch": PITCH_BITS,
            "format": MEMORY_FORMAT_BITS,
            "mx9_blocks": MX9_BLOCKS_BITS,
            **(of_norms if functions else {}),
        }
    )


def reorder_job(to, job):
    """The statements that make ``to``, of ``reorder_job_layout``, of ``job``, of ``job_layout``."""
    fields = {
        "rows": job.a.rows,
        "columns": job.columns[: len(to.columns)],
        "narrow": job.narrow,
        "permute": job.permute,
        "divide": job.divide,
        "permutation": job.b.address,
        "source": job.a.address,
        "source_pitch": job.a.pitch,
        "target": job.d_address,
        "target_pitch": job.result.pitch,
        "format": job.result.format,
        "mx9_blocks": job.result.mx9_blocks,
    }
    if "norm" in to.shape().members:
        fields |= {
            "norm": job.norm,
            "mean": job.mean,
            "exponential": job.exponential,
            "shift": job.result.bias,
            "scale": job.result.gate,
            "epsilon": job.epsilon,
            "vectors": job.result.bias_address,
        }
    return [Value.cast(getattr(to, name)).eq(value) for name, value in fields.items()]
