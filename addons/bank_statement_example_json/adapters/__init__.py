from . import example_json
