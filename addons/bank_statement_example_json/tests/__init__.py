from . import test_example_json
