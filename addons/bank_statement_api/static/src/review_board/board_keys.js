import { useExternalListener } from "@odoo/owl";
import { useHotkey } from "@web/core/hotkeys/hotkey_hook";
import { useService } from "@web/core/utils/hooks";
import { ACTIONS, BOARD_KEYS } from "./actions";

const CANDIDATES = 9;

/** What has keys of its own: there, the board's do nothing. */
function isFree(target) {
    return !target.closest?.("a, button, input, select, summary, textarea, .dropdown-menu");
}

/**
 * The keys of the board. In a dialog or a field they do nothing, and on a button Enter presses the button.
 *
 * @param {object} board with `act(name)` and `choose(place)`
 */
export function useBoardKeys(board) {
    const ui = useService("ui");
    for (const action of ACTIONS) {
        useHotkey(action.key, () => board.act(action.name), { isAvailable: isFree });
    }
    for (const { keys, name, allowRepeat } of BOARD_KEYS) {
        for (const key of keys) {
            useHotkey(key, () => board.act(name), { allowRepeat, isAvailable: isFree });
        }
    }
    for (let place = 0; place < CANDIDATES; place++) {
        useHotkey(String(place + 1), () => board.choose(place), { isAvailable: isFree });
    }
    // The hotkey service knows no question mark and no slash.
    useExternalListener(window, "keydown", (ev) => {
        const name = { "?": "help", "/": "find" }[ev.key];
        if (name && ui.activeElement === document && isFree(ev.target)) {
            ev.preventDefault();
            board.act(name);
        }
    });
}
