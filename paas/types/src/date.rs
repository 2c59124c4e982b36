//! Dates and instants, and the clock that owns "now".

use jiff::civil;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A business date, `YYYY-MM-DD`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date(civil::Date);

impl Date {
    /// A date from its parts, when they name one between the years 1 and 9999.
    pub fn new(year: i16, month: i8, day: i8) -> Option<Date> {
        if year < 1 { None } else { civil::Date::new(year, month, day).ok().map(Date) }
    }

    /// The year.
    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// The month, 1–12.
    pub fn month(self) -> i8 {
        self.0.month()
    }

    /// The day of the month, 1–31.
    pub fn day(self) -> i8 {
        self.0.day()
    }

    /// This many days later (earlier when negative), saturating at the calendar's ends.
    #[must_use]
    pub fn plus_days(self, days: i32) -> Date {
        Date(self.0.saturating_add(jiff::Span::new().try_days(i64::from(days)).unwrap_or_default()))
    }

    /// Days from `earlier` to this date.
    pub fn days_since(self, earlier: Date) -> i32 {
        earlier.0.until(self.0).map_or(0, |span| span.get_days())
    }

    /// Days since 1970-01-01.
    pub fn epoch_days(self) -> i32 {
        self.days_since(Date(civil::date(1970, 1, 1)))
    }

    /// The date that many days after 1970-01-01.
    pub fn from_epoch_days(days: i32) -> Date {
        Date(civil::date(1970, 1, 1)).plus_days(days)
    }

    /// The month it lies in.
    pub fn year_month(self) -> YearMonth {
        YearMonth { year: self.year(), month: self.month() }
    }

    /// `YYYYMMDD` as a number, for compact ordered keys.
    pub fn number(self) -> i64 {
        i64::from(self.year()) * 10_000 + i64::from(self.month()) * 100 + i64::from(self.day())
    }
}

impl FromStr for Date {
    type Err = ();

    /// Strictly `YYYY-MM-DD`.
    fn from_str(text: &str) -> Result<Date, ()> {
        let bytes = text.as_bytes();
        let shape = bytes.len() == 10
            && bytes.iter().enumerate().all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() });
        if !shape {
            return Err(());
        }
        let number = |from: usize, to: usize| -> i16 {
            let digits = bytes.get(from..to).unwrap_or_default();
            digits.iter().fold(0, |n, b| n * 10 + i16::from(b.saturating_sub(b'0')))
        };
        let small = |from, to| i8::try_from(number(from, to)).map_err(|_| ());
        Date::new(number(0, 4), small(5, 7)?, small(8, 10)?).ok_or(())
    }
}

/// The last digit of a number that is not negative.
fn digit(number: i32) -> u8 {
    b'0' + u8::try_from(number.rem_euclid(10)).unwrap_or_default()
}

/// Year, month and day as digits; `None` for a year that has not four.
fn calendar_digits(date: civil::Date) -> Option<[u8; 8]> {
    let (year, month, day) = (i32::from(date.year()), i32::from(date.month()), i32::from(date.day()));
    let digits = [year / 1000, year / 100, year / 10, year, month / 10, month, day / 10, day].map(digit);
    (0..=9999).contains(&year).then_some(digits)
}

fn write_digits(f: &mut fmt::Formatter<'_>, text: &[u8]) -> fmt::Result {
    f.write_str(std::str::from_utf8(text).unwrap_or_default())
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some([y1, y2, y3, y4, m1, m2, d1, d2]) = calendar_digits(self.0) else {
            return write!(f, "{:04}-{:02}-{:02}", self.year(), self.month(), self.day());
        };
        write_digits(f, &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2])
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A month of a year.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct YearMonth {
    /// The year.
    pub year: i16,
    /// The month, 1–12.
    pub month: i8,
}

impl YearMonth {
    /// `YYYYMM` as a number.
    pub fn number(self) -> i64 {
        i64::from(self.year) * 100 + i64::from(self.month)
    }

    /// The month with this `YYYYMM` number.
    pub fn from_number(number: i64) -> Option<YearMonth> {
        let year = i16::try_from(number / 100).ok()?;
        let month = i8::try_from(number % 100).ok()?;
        Date::new(year, month, 1).map(Date::year_month)
    }

    /// Its first day.
    pub fn first_day(self) -> Date {
        Date::new(self.year, self.month, 1).unwrap_or(Date(civil::date(1970, 1, 1)))
    }

    /// Its last day.
    pub fn last_day(self) -> Date {
        Date(self.first_day().0.last_of_month())
    }
}

/// An instant in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Instant(i64);

impl Instant {
    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Instant {
        Instant(micros)
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This many seconds later.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Instant {
        Instant(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// The date on the calendar of a time zone.
    pub fn date_in(self, zone: &TimeZone) -> Date {
        Date(zone.0.to_datetime(self.timestamp()).date())
    }

    fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or_default()
    }
}

impl FromStr for Instant {
    type Err = ();

    /// RFC 3339 with an offset.
    fn from_str(text: &str) -> Result<Instant, ()> {
        text.parse::<jiff::Timestamp>().map(|t| Instant(t.as_microsecond())).map_err(|_| ())
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = jiff::tz::Offset::UTC.to_datetime(self.timestamp());
        let Some([y1, y2, y3, y4, m1, m2, d1, d2]) = calendar_digits(at.date()) else {
            return write!(f, "{:.6}", self.timestamp());
        };
        let day = [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T'];
        write_digits(f, &day)?;
        let pair = |n: i8| [digit(i32::from(n) / 10), digit(n.into())];
        let ([h1, h2], [m1, m2], [s1, s2]) = (pair(at.hour()), pair(at.minute()), pair(at.second()));
        let micros = at.subsec_nanosecond() / 1_000;
        let [a, b, c, d, e, g] = [100_000, 10_000, 1_000, 100, 10, 1].map(|unit| digit(micros / unit));
        write_digits(f, &[h1, h2, b':', m1, m2, b':', s1, s2, b'.', a, b, c, d, e, g, b'Z'])
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A time zone by its IANA name; the zone database is inside the program.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeZone(jiff::tz::TimeZone);

impl TimeZone {
    /// The zone with this name.
    pub fn named(name: &str) -> Option<TimeZone> {
        jiff::tz::TimeZone::get(name).ok().map(TimeZone)
    }

    /// `Asia/Shanghai`, the default of every tenant; UTC+8 if the database should lack it.
    pub fn shanghai() -> TimeZone {
        TimeZone::named("Asia/Shanghai").unwrap_or_else(|| TimeZone(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))))
    }
}

/// Where the time comes from, so that tests own it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Instant + Send + Sync>);

impl Clock {
    /// The clock of the machine.
    pub fn system() -> Clock {
        Clock(Arc::new(|| Instant(jiff::Timestamp::now().as_microsecond())))
    }

    /// A clock of the test's own.
    pub fn custom(now: impl Fn() -> Instant + Send + Sync + 'static) -> Clock {
        Clock(Arc::new(now))
    }

    /// Now.
    pub fn now(&self) -> Instant {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_strictly() {
        assert_eq!("2026-02-28".parse::<Date>().unwrap().plus_days(1).to_string(), "2026-03-01");
        for bad in ["2026-2-28", "2026-02-30", "0000-01-01", "20260228", "2026-02-28T00:00:00Z"] {
            assert!(bad.parse::<Date>().is_err(), "{bad}");
        }
        let day: Date = "1996-07-04".parse().unwrap();
        assert_eq!(Date::from_epoch_days(day.epoch_days()), day);
        assert_eq!("1998-12-31".parse::<Date>().unwrap().days_since("1996-01-01".parse().unwrap()), 1095);
    }

    #[test]
    fn what_is_written_is_what_the_calendar_writes() {
        for micros in [0, 1, 999_999, 1_795_531_477_123_456, -1, -62_135_596_800_000_000, 253_402_207_200_000_000] {
            let at = Instant::from_micros(micros);
            assert_eq!(at.to_string(), format!("{:.6}", at.timestamp()));
            assert_eq!(at.to_string().parse(), Ok(at));
            let date = at.date_in(&TimeZone::shanghai());
            assert_eq!(date.to_string(), date.0.to_string());
            assert_eq!(date.to_string().parse(), Ok(date));
        }
    }

    #[test]
    fn instants_fall_on_the_tenants_calendar() {
        let late: Instant = "2026-11-24T16:30:00Z".parse().unwrap();
        assert_eq!(late.date_in(&TimeZone::shanghai()).to_string(), "2026-11-25");
        assert_eq!(late.to_string(), "2026-11-24T16:30:00.000000Z");
    }
}
