"""The small networks of tests/support/nets are valid and run."""
import sys

import nets

sys.exit(nets.check_all(lambda name, params: params < 4e6))
