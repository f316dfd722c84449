// Brings the page up to date without closing what the reader has opened.
// Without script the page refreshes as a whole.
const PERIOD_MS = 15_000;

async function refresh() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const open of document.querySelectorAll("details[open]")) {
      const same = page.getElementById(open.id);
      if (same) same.open = true;
    }
    for (const part of ["main", "footer"]) {
      document.querySelector(part).replaceWith(page.querySelector(part));
    }
    document.title = page.title;
    document.body.classList.remove("unreachable");
  } catch {
    document.body.classList.add("unreachable");
  }
}

setInterval(refresh, PERIOD_MS);
document.addEventListener("visibilitychange", refresh);
