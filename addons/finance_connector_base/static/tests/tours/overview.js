import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("finance_overview", {
    steps: () => [
        {
            content: "Nothing is stuck",
            trigger: "[data-part=stuck]:contains('Everything goes on by itself')",
        },
        {
            content: "One exception nobody looks after is put before me",
            trigger: "[data-part=mine] .o_finance_exception:contains('A sender has no secret')",
        },
        { content: "Look again", trigger: ".o_finance_refresh", run: "click" },
        {
            content: "Open it",
            trigger: "[data-part=mine] .o_finance_exception",
            run: "click",
        },
        {
            content: "It says what happened",
            trigger: ".o_form_view .o_field_widget[name=summary]:contains('A sender has no secret')",
        },
    ],
});
