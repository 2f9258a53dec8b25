// By day or by night: as somebody chose for our pages, else as his system is.

const night = window.matchMedia('(prefers-color-scheme: dark)');

export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === 'dark' : night.matches;
}

// Whoever paints by himself paints anew when day turns to night.
export const onTheme = (run) => night.addEventListener('change', run);
