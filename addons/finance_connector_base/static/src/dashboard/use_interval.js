import { onMounted, onWillUnmount } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";

/** Call `work` every `delay` milliseconds while the component is on the screen. */
export function useInterval(work, delay) {
    let timer;
    onMounted(() => {
        timer = browser.setInterval(work, delay);
    });
    onWillUnmount(() => browser.clearInterval(timer));
}
