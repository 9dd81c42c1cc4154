import { _t } from "@web/core/l10n/translation";

/**
 * What a person can do with a line, in the order of the buttons: `key` is the hotkey, `shown` how it is written.
 *
 * `when` tells whether it makes sense for the line: `open` (it waits) or `matched` (it, or a part of it, is settled).
 */
export const ACTIONS = [
    { name: "accept", key: "enter", shown: "↵", label: _t("Accept"), when: "open", primary: true },
    { name: "split", key: "s", shown: "S", label: _t("Split or Part"), when: "open" },
    { name: "writeOff", key: "w", shown: "W", label: _t("Write Off"), when: "open" },
    { name: "transfer", key: "t", shown: "T", label: _t("Transfer"), when: "open" },
    { name: "bill", key: "b", shown: "B", label: _t("Bill"), when: "open" },
    { name: "payment", key: "p", shown: "P", label: _t("Payment"), when: "open" },
    { name: "partner", key: "c", shown: "C", label: _t("Contact"), when: "open" },
    { name: "ask", key: "q", shown: "Q", label: _t("Ask"), when: "open" },
    { name: "postpone", key: "l", shown: "L", label: _t("Later"), when: "open" },
    { name: "ignore", key: "i", shown: "I", label: _t("Ignore"), when: "open" },
    { name: "match", key: "m", shown: "M", label: _t("Look Again"), when: "open" },
    { name: "undoLine", key: "x", shown: "X", label: _t("Take Back"), when: "matched" },
    { name: "open", key: "o", shown: "O", label: _t("Open"), when: "always" },
];

/** The keys that are about the board, not about one line. */
export const BOARD_KEYS = [
    { name: "next", keys: ["arrowdown", "j"], shown: "↓ J", label: _t("Next line"), allowRepeat: true },
    { name: "previous", keys: ["arrowup", "k"], shown: "↑ K", label: _t("Line before"), allowRepeat: true },
    { name: "pageDown", keys: ["pagedown"], shown: "Page ↓", label: _t("Ten lines on"), allowRepeat: true },
    { name: "pageUp", keys: ["pageup"], shown: "Page ↑", label: _t("Ten lines back"), allowRepeat: true },
    { name: "first", keys: ["home"], shown: "Home", label: _t("First line") },
    { name: "last", keys: ["end"], shown: "End", label: _t("Last line") },
    { name: "nextCandidate", keys: ["arrowright"], shown: "→", label: _t("Next candidate") },
    { name: "previousCandidate", keys: ["arrowleft"], shown: "←", label: _t("Candidate before") },
    { name: "undo", keys: ["u", "control+z"], shown: "U", label: _t("Undo what you did last") },
    { name: "bulk", keys: ["shift+a"], shown: "⇧ A", label: _t("Accept all that are shown, after a look at the totals") },
    { name: "find", keys: ["f"], shown: "F", label: _t("Find text or an amount") },
    { name: "reload", keys: ["r"], shown: "R", label: _t("Refresh") },
    { name: "help", keys: ["h"], shown: "? H", label: _t("These keys") },
    { name: "back", keys: ["escape"], shown: "Esc", label: _t("Back to the list, on a narrow screen") },
];
