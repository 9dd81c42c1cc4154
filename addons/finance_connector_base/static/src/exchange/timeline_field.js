import { Component } from "@odoo/owl";
import { deserializeDateTime, formatDateTime } from "@web/core/l10n/dates";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** What happened to a record, oldest first: when, what, by whom. */
export class TimelineField extends Component {
    static template = "finance_connector_base.TimelineField";
    static props = { ...standardFieldProps };

    get events() {
        return (this.props.record.data[this.props.name] || []).map((event) => ({
            ...event,
            time: formatDateTime(deserializeDateTime(event.at)),
        }));
    }
}

registry.category("fields").add("finance_timeline", {
    component: TimelineField,
    supportedTypes: ["json"],
});
