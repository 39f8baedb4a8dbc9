"""`app.alone` with the wounds of the process that started it."""

import os

from app.alone import main
from tests.faults.wounds import inflict

if __name__ == "__main__":
    inflict(os.environ)
    main()
