// Whoever changes language or theme comes back to the very place he is at.

document.addEventListener('submit', ({ target }) => {
  const { pathname, search, hash } = window.location;
  if (target.getAttribute('action') === '/view') target.elements.next.value = pathname + search + hash;
});
