// What the server says in English sentences about plans as a whole, in the page's language: the known
// ones; others as they are. Of operations speaks why.js.

import { Refused } from '../page/ask.js';
import { make } from '../page/build.js';
import { t } from '../page/words.js';
import { dayOf } from './panel-words.js';
import { short } from './sheet.js';
import { state } from './state.js';
import { refusal, why } from './why.js';

const RANGE = String.raw`(?<low>[\d.]+) to (?<high>[\d.]+) cannot be reached`;
const KNOWN = [
  [new RegExp(String.raw`^(?<load>[\d.e+]+) is all there is for one cell in (?<area>[^:]*): ${RANGE}`), 'one_short'],
  [new RegExp(String.raw`^(?<load>[\d.e+]+) in (?<cells>\d+) cells is (?<each>\d+) for each in (?<area>[^:]*): ${RANGE}`), 'all_short'],
  [/^(?<load>[\d.e+]+) is all there is for one cell\.$/, 'one_only'],
  [/^(?<load>[\d.e+]+) in (?<cells>\d+) cells is (?<each>\d+) for each\.$/, 'each'],
  [/^One unit has a workload of (?<load>[\d.e+]+), and no unit is cut/, 'heavy'],
  [/^(?<units>\d+) units that are reached only through each other have a workload of (?<load>[\d.e+]+)/, 'together'],
  [/^(?<units>\d+) units with a workload of (?<load>[\d.e+]+) are less than a cell: one cell crosses a (?<over>\w+)/, 'forced'],
  [/^(?<units>.+?) stay: (?<why>.+)$/s, 'stay'],
  [/^cells that plan .* changes were changed in force since it was drawn: (?<told>.+)\. Draw a new draft/s, 'overtaken'],
  [/^the draft .* is of .*, which reaches outside what you are in charge of/s, 'outside'],
  [/^plan .* is \w+ and stays as it is/s, 'frozen'],
  [/^(?<many>[\d,]+) buildings stand there, more than the (?<most>[\d,]+) that are drawn at once/, 'large_draw'],
  [/^no building stands in the basic cells/, 'no_building'],
  [/^A range goes from 0 or more upwards, not from (?<low>[\d.]*\d) to (?<high>[\d.]*\d)/, 'range'],
];
const FACTS = {
  area: (code) => state.divisions.find((one) => one.code === code)?.name ?? [...state.cells.values()].find(({ properties }) => properties.division_code === code)?.properties.division_name ?? code,
  over: (kind) => t(kind === 'gap' ? 'plan_panels.said.gap' : 'plan_panels.said.barrier'),
  why: (sentence) => why(new Refused(422, { detail: sentence }))[0],
  told: (cells) => cells.split('; ').map((one) => one.replace(/^(\S+) by '(.*)' on (\S+)$/s, (_, code, plan, day) => t('plan_panels.said.by', { cell: short(code), plan, day: dayOf(day) }))).join(t('plan_panels.between')),
};

export function said(sentence) {
  for (const [pattern, key] of KNOWN) {
    const found = pattern.exec(sentence);
    if (found) return t(`plan_panels.said.${key}`, Object.fromEntries(Object.entries(found.groups ?? {}).map(([name, value]) => [name, FACTS[name]?.(value) ?? value])));
  }
  return sentence;
}

// A caught error as an element, as `refusal` of why.js; of plans as a whole in the page's words.
export function refused(error) {
  const words = error instanceof Refused ? said(error.message) : '';
  return words && words !== error.message ? make('div', { class: 'refusal', role: 'alert' }, make('p', { class: 'fault', text: words })) : refusal(error);
}
