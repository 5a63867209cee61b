// A word typed into nowhere, because the field it was meant for has gone or is still to come, is no row of commands.
// Keys that follow a letter at once are none, but after a step to and fro; what writes or opens something waits to see
// whether more come.
// Within a word the space and Enter press nothing either: whatever has the focus, they were meant for the text.
(() => {
  const WORD_MS = 250;
  const WORD_ENDS_MS = 800;
  const STEPS = ["j", "k"];
  let letter = { key: "", at: -WORD_MS };
  let wordUntil = 0;

  const isLetter = (key) => /^\p{L}$/u.test(key);
  const isDigit = (key) => /^[0-9]$/.test(key);
  const isText = (key) => key.length === 1 || key === "Enter";

  window.novaWords = {
    // Whether a key that was pressed outside of fields belongs to a word; then it does nothing.
    takes(event) {
      const { key } = event;
      if (!isText(key)) return false;
      const now = performance.now();
      const isNext = now - letter.at < WORD_MS && key !== letter.key && key !== "Enter" && !isDigit(key); // a digit is a result
      const follows = isNext && !STEPS.includes(letter.key);
      if (follows || now < wordUntil) wordUntil = now + WORD_ENDS_MS;
      letter = { key: isLetter(key) ? key : "", at: isLetter(key) ? now : -WORD_MS };
      if (now < wordUntil) event.preventDefault();
      return now < wordUntil;
    },
    // Does what the last letter means, unless something follows it.
    unless(command) {
      const { at } = letter;
      setTimeout(() => letter.at === at && command(), WORD_MS);
    },
  };
})();
