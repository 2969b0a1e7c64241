// The menu shows one call at a time; without this script all are on the page.
const menu = document.getElementById("menu");
const calls = [...document.querySelectorAll("section[id^=call-]")];

function show(id) {
	for (const section of calls)
		section.hidden = section.id !== id;
	menu.value = id;
}

function setAll(open) {
	for (const stage of document.querySelectorAll("section:not([hidden]) details.stage"))
		stage.open = open;
}

menu.addEventListener("change", () => show(menu.value));
document.getElementById("open").addEventListener("click", () => setAll(true));
document.getElementById("close").addEventListener("click", () => setAll(false));
const wanted = location.hash.slice(1);
show(calls.some((section) => section.id === wanted) ? wanted : calls[0].id);
