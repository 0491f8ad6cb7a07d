// The pages of a case stand in one line on a phone: the one that is shown is moved into sight.
// Without it the line begins with the first of them.

const tabs = document.querySelector(".tabs");
const here = tabs?.querySelector("[aria-current]");

if (here) tabs.scrollLeft = here.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - here.offsetWidth) / 2;
