import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("bank_statement_upload", {
    steps: () => [
        {
            content: "The account is not complete yet",
            trigger: "[data-part=cash]:contains('No bank account is connected yet')",
        },
        { content: "Upload a statement", trigger: ".o_finance_upload", run: "click" },
        {
            content: "Choose the file that the test serves",
            trigger: ".modal .o_field_many2many_binary:not(:has(.o_attachment))",
            async run() {
                const answer = await fetch("/finance_tour/statement.xml");
                const transfer = new DataTransfer();
                transfer.items.add(
                    new File([await answer.blob()], "statement.xml", { type: "text/xml" })
                );
                const input = this.anchor.querySelector("input[type=file]");
                input.files = transfer.files;
                input.dispatchEvent(new Event("change", { bubbles: true }));
            },
        },
        { content: "It is there", trigger: ".modal .o_attachment:contains('statement.xml')" },
        { content: "Upload", trigger: ".modal button[name=action_upload]", run: "click" },
        {
            content: "It is received",
            trigger: ".o_form_view .o_finance_milestone_proven:contains('Received')",
        },
        {
            content: "And waits for its turn",
            trigger: ".o_form_view .o_field_widget[name=status_text]:contains('Waits for its turn')",
        },
    ],
});

registry.category("web_tour.tours").add("finance_exchange_retry", {
    steps: () => [
        {
            content: "The overview says what is stuck",
            trigger: "[data-part=stuck] .list-group-item:contains('Exception')",
            run: "click",
        },
        { content: "Open it", trigger: ".o_data_row .o_data_cell[name=name]", run: "click" },
        {
            content: "It says who has to do something",
            trigger: ".o_field_widget[name=status_text]:contains('A person has to decide')",
        },
        {
            content: "Try it out first",
            trigger: "button[name=action_show_dry_run]",
            run: "click",
        },
        { content: "It would fail", trigger: ".modal .alert-danger:contains('would fail')" },
        {
            content: "Close",
            trigger: ".modal footer button:contains('Close')",
            run: "click",
        },
        {
            content: "See what happened so far",
            trigger: "body:not(:has(.modal)) .o_notebook a:contains('Timeline')",
            run: "click",
        },
        {
            content: "The timeline begins with the receipt",
            trigger: ".o_finance_timeline tr:first-child:contains('Exchange: received')",
        },
        { content: "Retry", trigger: "button[name=action_retry]", run: "click" },
        {
            content: "It waits for its turn",
            trigger: ".o_field_widget[name=status_text]:contains('Waits for its turn')",
        },
    ],
});

registry.category("web_tour.tours").add("bank_statement_review", {
    steps: () => [
        {
            content: "The overview counts what waits",
            trigger: "[data-part=cash] button:contains('transactions to review')",
            run: "click",
        },
        {
            content: "The board says what was found, and why it waits",
            trigger: ".o_review_candidate:contains('Customer') .o_review_reasons:contains('a part payment?')",
        },
        {
            content: "The evidence is marked in the bank's words",
            trigger: ".o_review_mark:contains('INV/')",
        },
        {
            content: "Open the line itself",
            trigger: ".o_review_actions button[data-action=open]",
            run: "click",
        },
        {
            content: "It says what was found as well",
            trigger: ".o_field_widget[name=match_item_ids] .o_data_row:contains('Customer')",
        },
        {
            content: "Go to the exchange that brought it",
            trigger: ".o_field_widget[name=exchange_id] a",
            run: "click",
        },
        {
            content: "It is booked",
            trigger: ".o_finance_milestone_proven:contains('Posted')",
        },
    ],
});
