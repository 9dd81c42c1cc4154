from hypothesis import settings

# No deadline: a slow machine is no defect. No database: a run leaves nothing behind.
settings.register_profile("finance_connector_base", max_examples=60, deadline=None, database=None)
settings.load_profile("finance_connector_base")
