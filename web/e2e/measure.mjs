// Measures what an eye finds ugly and a machine can count: text that is cut, pages that scroll sideways, Latin digits in Persian, targets too small for a finger.
// Used by look.mjs, which prints it beside the pictures, and by axe.test.mjs, which wants none of it.
// Messages as they were sent, codes and programs' own words are shown as they are, and left out here.

/** What is wrong on the page as it stands: one line each. `phone`: it is held in the hand. */
export const measure = (page, { lang, phone }) =>
  page.evaluate(
    ({ lang, phone }) => {
      const found = new Set();
      const name = (element) => `${element.tagName.toLowerCase()}${element.className && typeof element.className === 'string' ? `.${element.className.trim().split(/\s+/).join('.')}` : ''} “${(element.textContent ?? '').trim().slice(0, 30)}”`;
      const seen = (element) => element.checkVisibility() && !element.closest('.hidden-visually, .skip, .maplibregl-ctrl, details:not([open]) > :not(summary)');
      if (document.documentElement.scrollWidth > innerWidth + 1) found.add(`the page is ${document.documentElement.scrollWidth - innerWidth} px wider than the screen`);
      for (const element of document.body.querySelectorAll('*')) {
        if (element.closest('svg') || !seen(element)) continue;
        const { overflowX, overflowY, display } = getComputedStyle(element);
        const hides = (overflow) => overflow === 'hidden' || overflow === 'clip';
        if (hides(overflowX) && element.scrollWidth > element.clientWidth + 1 && !element.querySelector('canvas')) found.add(`cut: ${name(element)}`);
        if (hides(overflowY) && element.scrollHeight > element.clientHeight + 2 && !element.querySelector('canvas')) found.add(`cut below: ${name(element)}`);
        if (element.matches('select')) {
          const pen = document.createElement('canvas').getContext('2d');
          const { font, paddingInlineStart, paddingInlineEnd } = getComputedStyle(element);
          pen.font = font;
          // About as much as the browser's own arrow takes.
          const arrow = 18;
          const room = element.clientWidth - parseFloat(paddingInlineStart) - parseFloat(paddingInlineEnd) - arrow;
          for (const { label } of element.options) if (pen.measureText(label).width > room) found.add(`cut option: ${label}`);
        }
        if (phone && element.matches('button, select, summary, a, input') && display !== 'inline') {
          const box = (element.closest('label') ?? element).getBoundingClientRect();
          if (box.height > 0 && box.height < 43.5) found.add(`small for a finger (${Math.round(box.height)} px): ${name(element)}`);
          else if (box.width < 43.5 && box.width > 0) found.add(`narrow for a finger (${Math.round(box.width)} px): ${name(element)}`);
        }
      }
      if (lang === 'fa') {
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
          const holder = node.parentElement;
          if (!/[0-9]/.test(node.data) || !seen(holder) || holder.closest('.mono, pre, code, script, style, [lang=en], [dir=ltr], textarea, .message, article[lang]')) continue;
          found.add(`Latin digits: ${name(holder)}`);
        }
        for (const field of document.querySelectorAll('input[inputmode=numeric]')) if (/[0-9]/.test(field.value) && seen(field)) found.add(`Latin digits typed by us: ${field.value}`);
      }
      return [...found];
    },
    { lang, phone },
  );
