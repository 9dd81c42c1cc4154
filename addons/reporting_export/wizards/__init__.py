from . import reporting_backfill
