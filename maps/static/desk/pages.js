// The pages of the queue that are loaded, one after the other, each beginning where the one before
// it ends. A page that may be out of date is asked for again when it is looked at.

import { get } from '../page/ask.js';
import { setClock } from '../page/time.js';
import { state } from './state.js';

const PAGE = 100;
export const PARTS = ['late', 'running', 'untimed', 'standing']; // in the order of the queue

export class Pages {
  constructor() {
    this.asking = new AbortController();
    this.clear();
  }

  clear() {
    this.asking.abort();
    this.asking = new AbortController();
    this.pages = []; // [{ after, rows, next, stale }]
    this.facets = null;
    this.at = null; // when the server answered last
    this.read = 0; // how often
  }

  get rows() {
    return this.pages.flatMap(({ rows }) => rows);
  }

  get ended() {
    return this.pages.length > 0 && !this.pages.at(-1).next;
  }

  // The page after the last one; the first when there is none.
  async more() {
    if (this.ended) return;
    const after = this.pages.at(-1)?.next ?? null;
    const page = await this._ask(after);
    if ((this.pages.at(-1)?.next ?? null) === after) this.pages.push(page);
  }

  // Everything may have moved: the first page and those that hold rows `from` … `to` are read anew
  // now, all others once they are looked at.
  async renew(from, to) {
    for (const page of this.pages) page.stale = true;
    await this.freshen(from, to, true);
  }

  async freshen(from, to, first = false) {
    let at = 0;
    for (let number = 0; number < this.pages.length; number += 1) {
      const page = this.pages[number];
      const seen = (at <= to && at + page.rows.length >= from) || (first && number === 0);
      if (page.stale && seen) await this._again(number);
      at += this.pages[number]?.rows.length ?? 0;
    }
  }

  async _again(number) {
    const asked = this.asking;
    const fresh = await this._ask(this.pages[number].after);
    if (asked !== this.asking) return;
    this.pages[number] = fresh;
    if (!fresh.next) this.pages.length = number + 1;
    const following = this.pages[number + 1];
    if (following && following.after !== fresh.next) Object.assign(following, { after: fresh.next, stale: true });
    this._once(number);
  }

  // A case that moved from one page to another stands on one of them only.
  _once(number) {
    const here = new Set(this.pages[number].rows.map(({ code }) => code));
    this.pages.forEach((page, at) => {
      if (at !== number) page.rows = page.rows.filter(({ code }) => !here.has(code));
    });
  }

  async _ask(after) {
    const answer = await get(`/desk/queue?${query(after)}`, this.asking.signal);
    if (answer.facets) this.facets = answer.facets;
    this.at = answer.at;
    setClock(answer.at);
    this.read += 1;
    const rows = answer.cases.map((one) => ({ ...one, part: partOf(one, new Date(answer.at)) }));
    return { after, rows, next: answer.next, stale: false };
  }
}

function partOf({ stands, due_at: due }, now) {
  if (stands) return 'standing';
  if (!due) return 'untimed';
  return new Date(due) < now ? 'late' : 'running';
}

function query(after) {
  const { area, states, kind, class: code, overdue } = state.filter;
  const asked = new URLSearchParams({ limit: PAGE });
  for (const one of states) asked.append('state', one);
  if (area) asked.set('area', area.code);
  if (kind) asked.set('kind', kind);
  if (code) asked.set('class', code);
  if (overdue) asked.set('overdue', 'true');
  if (after) asked.set('after', after);
  return asked;
}
