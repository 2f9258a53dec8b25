// A tool with which one draws and sees what it would lead to before it is kept.
//
// `of` says what is special: { name, key, icon, closed, operation(points) → the operation, or null
// while the drawing does not make one yet, card() → what stands in the card before anything is drawn,
// form() → elements beside the outcome, words(operation, edited) → what is told when it is kept,
// kept(operation, edited), click(at) → true where a click chooses instead of drawing }.

import { Lost, expected } from '../page/ask.js';
import { make } from '../page/build.js';
import { t } from '../page/words.js';
import { benchOf, button, hint, keysHint, meant, outcome, say, waiting } from './bench.js';
import { edit, propose } from './draft.js';
import { Pen } from './pen.js';
import { clearPreview, preview } from './preview.js';
import { state } from './state.js';
import { refusal } from './why.js';

const meantBy = ({ cell, cells = [cell] }) => cells;

export function drawing(of) {
  let proposed = null; // what the drawing would lead to
  let fault = null; // what speaks against it
  let refused = null; // why it could not be kept, until it is drawn otherwise
  let asking = null;
  let asked = null; // the operation that was proposed last
  const bench = benchOf(of.name);
  const pen = new Pen({ closed: of.closed, changed: drawn });

  function drawn() {
    refused = null;
    look();
  }

  // Asks what it would lead to; a newer drawing overtakes the answer to an older one.
  function look() {
    asking?.abort();
    asking = null;
    proposed = fault = null;
    clearPreview();
    asked = of.operation(pen.points);
    if (asked) ask(asked).catch(expected);
    draw();
  }

  async function ask(operation) {
    const mine = (asking = new AbortController());
    try {
      const edited = await propose('edits', { operation }, mine.signal);
      if (mine.signal.aborted) return;
      proposed = edited;
      preview(meant(edited, meantBy(operation)));
      say(edited.cells.features.map(({ properties }) => t('plan.choose.said', { code: properties.name, n: properties.households })).join('; '));
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      fault = error instanceof Lost ? [refused ? null : refusal(error), button('again', t('page.do.again'), look)] : refusal(error);
    }
    asking = null;
    draw();
  }

  function draw() {
    bench(t(`plan.${of.name}.title`), of.card(pen.points), of.form?.() ?? null,
      proposed ? outcome(proposed, meantBy(asked)) : null,
      asking ? waiting() : null, refused, refused ? hint(t('plan.do.still')) : null, fault,
      pen.points.length ? make('div', { class: 'acts' },
        button('keep', t('plan.do.keep'), () => keep().catch(expected), { main: true, key: 'Enter', disabled: !proposed || state.busy }),
        button('back', t('plan.do.back'), () => pen.back(), { key: '⌫' }),
        button('cancel', t('plan.do.anew'), clear, { key: 'Escape' })) : keysHint(t('plan.do.cross')));
  }

  async function keep() {
    if (!proposed || state.busy) return;
    refused = null;
    try {
      const operation = of.operation(pen.points);
      const edited = await edit(operation, (kept) => of.words(operation, kept));
      pen.clear();
      proposed = fault = null;
      clearPreview();
      of.kept?.(operation, edited);
    } catch (error) {
      refused = refusal(error);
      return state.tool === of.name && look(); // the drawing stays, held against the cells as they are now
    }
    return draw();
  }

  function clear() {
    pen.clear();
    drawn();
  }

  return {
    name: of.name,
    key: of.key,
    icon: of.icon,
    draft: true,
    enter() {
      pen.take();
      drawn();
    },
    leave() {
      asking?.abort();
      pen.lay();
    },
    renew: () => (pen.points.length && !state.busy ? look() : draw()),
    click: (at) => (of.click?.(at, pen.points) ? null : pen.click(at)),
    hover: (at) => pen.hover(at),
    keep: () => keep().catch(expected),
    back: () => pen.back(),
    // Draws at once what somebody computed.
    put(points) {
      pen.put(points);
      drawn();
    },
    cancel() {
      if (!pen.points.length) return false;
      clear();
      return true;
    },
  };
}
