import { useService } from "@web/core/utils/hooks";

const BOARD = "bank.statement.review";
const LINE = "account.bank.statement.line";
const PROPOSAL = "bank.statement.match.proposal";

/** Everything the review board asks of the server, and nothing else. */
export function useReviewApi() {
    const orm = useService("orm");
    const line = (method, id, ...args) => orm.call(LINE, method, [[id], ...args]);
    return {
        board: (filters) => orm.call(BOARD, "get_board", [filters]),
        // Rows come while one scrolls, and presence by itself: neither blocks the screen.
        rows: (ids) => orm.silent.call(BOARD, "get_rows", [ids]),
        presence: (id, hello = false) => orm.silent.call(BOARD, "tell_presence", [id, hello]),
        line: (id) => orm.silent.call(BOARD, "get_line", [id]),
        choices: (id) => orm.call(BOARD, "get_choices", [id]),
        bulk: (filters) => orm.call(BOARD, "get_bulk", [filters]),
        acceptMany: (proposalIds) => orm.call(BOARD, "accept_many", [proposalIds]),
        accept: (proposalId) => orm.call(PROPOSAL, "action_accept", [[proposalId]]),
        undo: (ids) => orm.call(LINE, "action_match_undo", [ids]),
        items: (id, text) => orm.silent.call(LINE, "action_match_items", [[id], text]),
        preview: (id, allocations, writeOff) =>
            orm.silent.call(LINE, "action_match_preview", [[id], allocations, writeOff]),
        allocate: (id, allocations, writeOff) => line("action_match_allocate", id, allocations, writeOff),
        writeOff: (id, modelId) => line("action_match_write_off", id, modelId),
        transfer: (id, journalId) => line("action_match_transfer", id, journalId),
        partner: (id, partnerId) => line("action_match_partner", id, partnerId),
        ask: (id, userId, question) => line("action_match_ask", id, userId, question),
        postpone: (id, day) => line("action_match_postpone", id, day),
        ignore: (id, reason) => line("action_match_ignore", id, reason),
        match: (id) => line("action_match", id),
        partners: async (text) => {
            const found = await orm.silent.call("res.partner", "name_search", [text], { limit: 40 });
            return found.map(([id, name]) => ({ id, name, note: "" }));
        },
    };
}
