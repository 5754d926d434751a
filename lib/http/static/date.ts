/**
 * Dates of HTTP, RFC 9110 section 5.6.7: the form that is sent, and two obsolete ones that must be understood.
 *
 * @module
 */

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const LONG_DAY = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day";
const MONTH = `(?<month>${MONTHS.join("|")})`;
const TIME = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`;

const FORMS = [
  // IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT
  String.raw`${DAY}, (?<day>\d\d) ${MONTH} (?<year>\d{4}) ${TIME} GMT`,
  // RFC 850: Sunday, 06-Nov-94 08:49:37 GMT
  String.raw`${LONG_DAY}, (?<day>\d\d)-${MONTH}-(?<year>\d\d) ${TIME} GMT`,
  // asctime(): Sun Nov  6 08:49:37 1994
  String.raw`${DAY} ${MONTH} (?<day>[ \d]\d) ${TIME} (?<year>\d{4})`,
].map((form) => new RegExp(`^${form}$`));

/** A time as it is sent; less than a second of it is left out. */
export function formatDate(timeMs: number): string {
  return new Date(timeMs).toUTCString();
}

/** The time that a date means, in milliseconds since 1970; null: it is none. The present is for years of two digits. */
export function parseDate(text: string, nowMs: number): number | null {
  for (const form of FORMS) {
    const groups = form.exec(text)?.groups;
    if (groups !== undefined) return timeOf(groups, nowMs);
  }
  return null;
}

/** The name of the day is not compared with the date. */
function timeOf(groups: Record<string, string>, nowMs: number): number | null {
  const [day, hour, minute, second] = ["day", "hour", "minute", "second"]
    .map((name) => Number(groups[name])) as [number, number, number, number];
  // The grammar has a leap second, which is the next minute's first one here.
  if (hour > 23 || minute > 59 || second > 60) return null;
  const month = MONTHS.indexOf(groups.month!);
  const at = (year: number) => {
    const date = new Date(0);
    date.setUTCFullYear(year, month, day);
    return date.getUTCDate() === day ? date.setUTCHours(hour, minute, second) : null;
  };
  const year = Number(groups.year);
  if (groups.year!.length === 4) return at(year);
  const now = new Date(nowMs);
  const near = now.getUTCFullYear() - now.getUTCFullYear() % 100 + year;
  // What seems to be over 50 years ahead is the last such year.
  const time = at(near);
  return time !== null && time <= now.setUTCFullYear(now.getUTCFullYear() + 50)
    ? time
    : at(near - 100);
}
