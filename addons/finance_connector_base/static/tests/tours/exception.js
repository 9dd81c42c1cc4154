import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("finance_exception_resolve", {
    steps: () => [
        {
            content: "The overview puts the exception before me",
            trigger: "[data-part=mine] .o_finance_exception:contains('A sender has no secret')",
            run: "click",
        },
        {
            content: "It says what to do",
            trigger: ".o_form_view .alert-info:contains('What to do')",
        },
        { content: "Take it", trigger: "button[name=action_take]", run: "click" },
        {
            content: "It is in progress",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains('In Progress')",
        },
        {
            content: "Resolve",
            trigger: ".o_statusbar_buttons button:contains('Resolve')",
            run: "click",
        },
        {
            content: "Say why",
            trigger: ".modal .o_field_widget[name=reason] textarea",
            run: "edit The secret was entered.",
        },
        {
            content: "Confirm",
            trigger: ".modal footer button:contains('Resolve')",
            run: "click",
        },
        {
            content: "The reason stays for the auditor",
            trigger: ".o_form_view .alert-success:contains('The secret was entered.')",
        },
    ],
});
