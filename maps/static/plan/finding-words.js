// What a check found, in the words of the page: which cells, how much, and what would mend it.

import { count, t } from '../page/words.js';
import { number } from './panel-words.js';

const UNITS = { 'm²': 'm2', m: 'm', households: 'households', code: 'code' };

function size({ size: of, unit }) {
  const whole = of >= 10 || unit === 'households' || unit === 'code';
  return UNITS[unit] ? t(`plan_panels.unit.${UNITS[unit]}`, { n: number(whole ? Math.round(of) : Math.round(of * 10) / 10) }) : `${count(of)} ${unit}`;
}

// `cell(code)` is the cell as it stands, null for none; `name(code)` what it is called.
export function findingSaid(finding, cell, name) {
  const [one, other] = finding.cells;
  const facts = { cell: one ? name(one) : '', other: other ? name(other) : '', size: size(finding) };
  return KNOWN[kindOf(finding, one && cell(one))]?.(facts) ?? finding.sentence;
}

function kindOf({ kind }, held) {
  if (kind !== 'households' || !held || held.low === null) return kind;
  return held.households > held.high ? 'over' : 'under';
}

const said = (kind) => (facts) => t(`plan_panels.check.said.${kind}`, facts);
const KNOWN = Object.fromEntries(['invalid', 'apart', 'overlap', 'gap', 'sliver', 'beyond', 'community', 'building_cut', 'over', 'under', 'households', 'barrier', 'code'].map((kind) => [kind, said(kind)]));

// What its repair would do; who has to decide himself is told that.
export function repairSaid({ kind: found, repair, cells }, name) {
  if (!repair) return t(found === 'households' ? 'plan_panels.check.balance' : 'plan_panels.check.person');
  const { kind, to, into, code } = repair;
  if (kind === 'give' || kind === 'hand') return t(`plan_panels.check.repair.${kind}`, { to: [to].flat().map(name).join(' · ') });
  if (kind === 'merge') return t('plan_panels.check.repair.merge', { to: name(into ?? repair.cells.find((one) => one !== cells[0]) ?? cells[0]) });
  if (kind === 'recode') return t('plan_panels.check.repair.recode', { code });
  return ['trim', 'mend', 'snap'].includes(kind) ? t(`plan_panels.check.repair.${kind}`) : t('plan_panels.check.repair.other');
}
