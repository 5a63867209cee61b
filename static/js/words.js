// A word typed into nowhere, because the field it was meant for has gone or is still to come, is no row of commands.
// Letters that follow one another at once are none, but after a step to and fro; what writes waits to see whether more come.
(() => {
  const WORD_MS = 250;
  const WORD_ENDS_MS = 800;
  const STEPS = ["j", "k"];
  let letter = { key: "", at: -WORD_MS };
  let wordUntil = 0;

  window.novaWords = {
    // Whether a key that was pressed outside of fields belongs to a word.
    has({ key }) {
      if (!/^\p{L}$/u.test(key)) return false;
      const now = performance.now();
      const follows = now - letter.at < WORD_MS && key !== letter.key && !STEPS.includes(letter.key);
      if (follows || now < wordUntil) wordUntil = now + WORD_ENDS_MS;
      letter = { key, at: now };
      return now < wordUntil;
    },
    // Does what the last letter means, unless another one follows.
    unless(command) {
      const { at } = letter;
      setTimeout(() => letter.at === at && command(), WORD_MS);
    },
  };
})();
