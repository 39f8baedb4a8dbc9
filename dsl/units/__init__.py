"""Units of measure: UN/ECE Recommendation 20 with exact factors.

`rec20.csv` is the published list, unchanged (datasets/unece-units-of-measure, commit f6427ebe979c645dff633d82f362d34e0cfc3182,
dedicated to the public domain by ODC-PDDL-1.0; the content is UN/ECE Recommendation 20). factors.py reads
what it says of conversion; where the list rounds a factor that is exact by definition (the ounce, the
gallon, a litre a minute), the exact one is taken. table.py keeps the units by code.

Two units convert into each other if they measure the same: their factors have the same base (`kg`, `m³`,
`kg/m³`), or both count pieces. A factor is a Fraction; the one rounding of a conversion is the last step,
to 34 digits, half to even. Codes of Recommendation 21 (packages, `XBX` for a box) are units too, but how
many pieces a box holds is known to the item only.
"""

from dsl.units.advice import unit_fault
from dsl.units.conversion import converted, same_kind
from dsl.units.table import Unit, find, known, units

__all__ = ["Unit", "converted", "find", "known", "same_kind", "unit_fault", "units"]
