// The panels of the page, in the order of the rail; each is what side.js says of a panel.

import { balance } from './panel-balance.js';
import { cells } from './panel-cells.js';
import { check } from './panel-check.js';
import { compare } from './panel-compare.js';
import { exporting } from './panel-export.js';
import { history } from './panel-history.js';
import { plans } from './panel-plans.js';
import { publish } from './panel-publish.js';

export const PANELS = [plans, cells, check, balance, compare, publish, exporting, history];
