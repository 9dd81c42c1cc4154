import { Component } from "@odoo/owl";
import { deserializeDateTime, formatDateTime } from "@web/core/l10n/dates";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** What has been proven of an exchange, as a line of steps with their times. */
export class MilestonesField extends Component {
    static template = "finance_connector_base.MilestonesField";
    static props = { ...standardFieldProps };

    get steps() {
        return (this.props.record.data[this.props.name] || []).map((step) => ({
            ...step,
            time: step.at ? formatDateTime(deserializeDateTime(step.at)) : "",
        }));
    }
}

registry.category("fields").add("finance_milestones", {
    component: MilestonesField,
    supportedTypes: ["json"],
});
