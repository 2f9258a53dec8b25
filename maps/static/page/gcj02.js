// GCJ-02, the datum of Chinese map applications: the same shift as `gis.coordinates`.

const A = 6378245.0;
const E2 = 0.00669342162296594323;
const { sin, PI } = Math;

function waves(x, y) {
  const ripple = ((20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2) / 3;
  const root = Math.sqrt(Math.abs(x));
  let north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple;
  north += ((20 * sin(y * PI) + 40 * sin((y / 3) * PI)) * 2) / 3;
  north += ((160 * sin((y / 12) * PI) + 320 * sin((y * PI) / 30)) * 2) / 3;
  let east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple;
  east += ((20 * sin(x * PI) + 40 * sin((x / 3) * PI)) * 2) / 3;
  east += ((150 * sin((x / 12) * PI) + 300 * sin((x / 30) * PI)) * 2) / 3;
  return [east, north];
}

// How far, in degrees [lon, lat], GCJ-02 shifts a place of WGS-84; not at all outside of China.
export function offset(lon, lat) {
  if (lon < 72.004 || lon > 137.8347 || lat < 0.8293 || lat > 55.8271) return [0, 0];
  const [east, north] = waves(lon - 105, lat - 35);
  const phi = (lat * PI) / 180;
  const curve = 1 - E2 * sin(phi) ** 2;
  const turn = 180 / PI;
  return [
    (east * Math.sqrt(curve) * turn) / (A * Math.cos(phi)),
    (north * curve * Math.sqrt(curve) * turn) / (A * (1 - E2)),
  ];
}
