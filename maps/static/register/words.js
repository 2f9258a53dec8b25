// The words of the register, Chinese with English beside.

import { both } from '/static/map/build.js';

export const FIELDS = {
  name: ['姓名', 'Name'],
  sex: ['性别', 'Sex'],
  birth_date: ['出生日期', 'Born'],
  id_number: ['身份证号', 'Resident id'],
  phone: ['电话', 'Phone'],
  relation: ['与户主关系', 'Relation'],
  residence: ['人户', 'Residence'],
  floating: ['流动人口', 'Floating'],
  floating_since: ['流入日期', 'Since'],
  floating_until: ['离开日期', 'Until'],
  household: ['户', 'Household'],
  address: ['地址', 'Address'],
  building_code: ['楼栋编码', 'Building code'],
  dwelling: ['房号', 'Dwelling'],
};

export const SEX = { male: ['男', 'male'], female: ['女', 'female'] };
export const RESIDENCE = { matches: ['人户一致', 'lives where registered'], separated: ['人户分离', 'lives elsewhere'] };

export const GAPS = {
  refused_rows: ['表格被拒的行', 'Refused rows of sheets', '改好就能入账'],
  dwellings_without_household: ['没有住户的房屋', 'Dwellings without household', '空置还是漏登？'],
  households_without_phone: ['没有电话的户', 'Households without phone', '补一个电话'],
  residents_without_id: ['没有身份证号的人', 'Residents without id', '补身份证号'],
  unplaced: ['不在任何网格里的', 'In no cell', '补坐标'],
};

export const DECISIONS = {
  conflict: ['表格较旧，说法不同', 'An older sheet says otherwise'],
  same_person: ['是不是同一个人？', 'The same person?'],
  twice_in_sheet: ['一张表里写了两次', 'Twice in one sheet'],
};

export const ALIKE = { 'same name': '姓名相同', 'same birth': '出生日期相同', 'same phone': '电话相同', 'same dwelling': '同一房屋' };

export function fieldName(name) {
  return FIELDS[name] ?? [name, ''];
}

// A value as people read it.
export function told(field, value) {
  if (value === null || value === undefined || value === '') return '—';
  if (field === 'sex') return (SEX[value] ?? [value])[0];
  if (field === 'residence') return (RESIDENCE[value] ?? [value])[0];
  if (value === true) return '是';
  if (value === false) return '否';
  return String(value);
}

// An instant by the clock of China, where the register is kept: 2026-03-01 08:30.
const clock = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short', timeZone: 'Asia/Shanghai' });

export function when(text) {
  const instant = new Date(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));
  return Number.isNaN(instant.getTime()) ? text.slice(0, 16) : clock.format(instant);
}

// Why a value was refused, in Chinese with the program's own words beside.
const REASONS = [
  [/^the check character does not fit/, '身份证号校验位不对'],
  [/^a resident id has 17 digits/, '身份证号应为 17 位数字加一位校验码'],
  [/^digits 7 to 14 are not a date/, '身份证号第 7-14 位不是日期'],
  [/after today|in the future/, '日期在今天之后'],
  [/^a phone number of 5 to 15/, '电话应为 5-15 位数字'],
  [/^a date such as/, '日期请写成 2026-03-01'],
  [/^yes or no/, '请写“是”或“否”'],
  [/^is missing/, '必填，不能空'],
  [/^is none of (.*)/, (found) => `请从这些里选：${found[1]}`],
  [/^stands already in row (\d+)/, (found) => `与第 ${found[1]} 行重复`],
  [/^an address or a building code is needed/, '要有地址或楼栋编码：人住在房屋里'],
  [/^is longer than ([\d,]+)/, (found) => `超过 ${found[1]} 个字`],
  [/^the resident id says (.*)/, (found) => `与身份证号不符，证号上是 ${({ male: '男', female: '女' })[found[1]] ?? found[1]}`],
  [/another area/, '此证号已在别的辖区登记，请街道协调移交'],
  [/outside|not in your charge/, '不在你的职责范围内'],
  [/^(\d+) values where the header names (\d+)/, (found) => `这一行有 ${found[1]} 个值，表头只有 ${found[2]} 列`],
  [/NUL/, '含有无法保存的字符'],
];

// What the program says of a whole sheet; null where it is of no use to who brings residents.
const NOTES = [
  [/^no column holds coordinates/, null],
  [/^columns read: (.*)/, (found) => `认出的列：${found[1].replace(/ → (\w+)/g, (all, field) => ` → ${fieldName(field)[0]}`).replaceAll(', ', '、')}`],
  [/^columns not used: (.*)/, (found) => `没有用到的列：${found[1].replaceAll(', ', '、')}`],
  [/^([\d,]+) rows only repeat an earlier row of the sheet: (.*)/, (found) => `${found[1]} 行与前面的行相同：${found[2].replace(/(\d+) \(as (\d+)\)/g, '第 $1 行同第 $2 行').replaceAll(', ', '、')}`],
  [/^read as (\S+)$/, (found) => `按 ${found[1]} 编码读取`],
];

export function note(words) {
  for (const [pattern, chinese] of NOTES) {
    const found = pattern.exec(words);
    if (found) return chinese && chinese(found);
  }
  return words;
}

export function why(reason) {
  for (const [pattern, words] of REASONS) {
    const found = pattern.exec(reason);
    if (found) return both(typeof words === 'string' ? words : words(found), reason);
  }
  return [document.createTextNode(reason)];
}
