// The words of the register, Chinese with English beside.

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
