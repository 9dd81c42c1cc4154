-- A copy of the database must not reach anybody: no secrets, no listeners, nothing due.
DELETE FROM finance_credential;

UPDATE finance_connection
   SET active = false,
       webhook_token = NULL;

UPDATE finance_interface
   SET mode = 'off';

UPDATE finance_subscription
   SET active = false;

UPDATE queue_job
   SET state = 'cancelled',
       date_cancelled = now() AT TIME ZONE 'UTC'
 WHERE state IN ('wait_dependencies', 'pending', 'enqueued')
   AND (channel = 'root.finance' OR channel LIKE 'root.finance.%');

UPDATE ir_cron
   SET active = false
 WHERE id IN (
       SELECT res_id
         FROM ir_model_data
        WHERE model = 'ir.cron'
          AND module = 'finance_connector_base'
);

-- The copy has an anchor of its own.
DELETE FROM ir_config_parameter WHERE key = 'finance_connector_base.audit_anchor_begun';
