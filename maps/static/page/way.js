// The way to a place, by the map applications that a telephone may have. Each is given degrees of its
// own datum: `geo:` is WGS-84 by its standard; Amap and, in China, Apple's maps are GCJ-02; Baidu
// shifts for itself what it is told to be WGS-84.

import { offset } from './gcj02.js';

const NAME = 'wangge';

export const isApple = /iPhone|iPad|Macintosh/.test(navigator.userAgent);

export function ways({ lon, lat, name }) {
  const called = encodeURIComponent(name).replaceAll('(', '%28').replaceAll(')', '%29'); // a label stands in such
  const [east, north] = [lon, lat].map((one) => one.toFixed(6));
  const [lonChina, latChina] = offset(lon, lat).map((by, axis) => ([lon, lat][axis] + by).toFixed(6));
  const amap = `dlat=${latChina}&dlon=${lonChina}&dname=${called}&dev=0&t=2`; // dev=0: it is shifted
  return {
    phone: isApple ? `maps://?daddr=${latChina},${lonChina}&dirflg=w` : `geo:${north},${east}?q=${north},${east}(${called})`,
    amap: isApple ? `iosamap://path?sourceApplication=${NAME}&${amap}` : `amapuri://route/plan/?sourceApplication=${NAME}&${amap}`,
    baidu: `baidumap://map/direction?destination=name:${called}%7Clatlng:${north},${east}&coord_type=wgs84&mode=walking&src=${NAME}`,
  };
}
