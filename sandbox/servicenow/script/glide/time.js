// GlideDateTime, GlideDate and GlideDuration. Inside they are milliseconds
// since 1970 in UTC; what is displayed is shifted by the instance's offset.

var DAY = 86400000;

function two(number) { return (number < 10 ? '0' : '') + number; }

// "yyyy-MM-dd HH:mm:ss" in UTC.
function formatTime(milliseconds) {
  var date = new Date(milliseconds);
  return date.getUTCFullYear() + '-' + two(date.getUTCMonth() + 1) + '-' +
      two(date.getUTCDate()) + ' ' + two(date.getUTCHours()) + ':' +
      two(date.getUTCMinutes()) + ':' + two(date.getUTCSeconds());
}

// NaN if it is no time; the time of day may be missing.
function parseTime(text) {
  var parts = /^\s*(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d))?\s*$/
      .exec(text);
  return parts === null ? NaN : Date.UTC(Number(parts[1]), parts[2] - 1,
      Number(parts[3]), Number(parts[4] || 0), Number(parts[5] || 0),
      Number(parts[6] || 0));
}

function now() { return call('now', {}); }

function shift() { return run.display_offset_minutes * 60000; }

function GlideDateTime(value) {
  var time = value === undefined ? now() :
      value instanceof GlideDateTime ? value._time : parseTime(textOf(value));
  hidden(this, '_time', time);
}

// Moves the date by whole months and keeps the day where it can.
function addMonths(time, months) {
  var date = new Date(time);
  var day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  var last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1,
      0)).getUTCDate();
  date.setUTCDate(Math.min(day, last));
  return date.getTime();
}

// A pattern of Java's SimpleDateFormat, of the letters y M d H m s.
function formatBy(time, pattern) {
  var text = formatTime(time);
  var parts = {
    yyyy: text.slice(0, 4), MM: text.slice(5, 7), dd: text.slice(8, 10),
    HH: text.slice(11, 13), mm: text.slice(14, 16), ss: text.slice(17, 19)
  };
  return textOf(pattern).replace(/yyyy|MM|dd|HH|mm|ss/g, function(letters) {
    return parts[letters];
  });
}

function timeOf(value) {
  return value instanceof GlideDateTime ? value._time :
      new GlideDateTime(value)._time;
}

methods(GlideDateTime.prototype, {
  isValid: function() { return !isNaN(this._time); },
  getValue: function() { return isNaN(this._time) ? '' : formatTime(this._time); },
  toString: function() { return this.getValue(); },
  toJSON: function() { return this.getValue(); },
  valueOf: function() { return this.getValue(); },
  setValue: function(value) {
    this._time = typeof value === 'number' ? value : timeOf(value);
  },
  getDisplayValue: function() {
    return isNaN(this._time) ? '' : formatTime(this._time + shift());
  },
  getDisplayValueInternal: function() { return this.getDisplayValue(); },
  setDisplayValue: function(text) {
    this._time = parseTime(textOf(text)) - shift();
  },
  getNumericValue: function() { return isNaN(this._time) ? 0 : this._time; },
  setNumericValue: function(value) { this._time = Number(value); },
  add: function(milliseconds) { this._time += Number(milliseconds); },
  addSeconds: function(count) { this._time += Number(count) * 1000; },
  addDays: function(count) { this._time += Number(count) * DAY; },
  addDaysUTC: function(count) { this.addDays(count); },
  addDaysLocalTime: function(count) { this.addDays(count); },
  addWeeks: function(count) { this.addDays(7 * count); },
  addWeeksUTC: function(count) { this.addDays(7 * count); },
  addWeeksLocalTime: function(count) { this.addDays(7 * count); },
  addMonths: function(count) { this.addMonthsUTC(count); },
  addMonthsUTC: function(count) {
    this._time = addMonths(this._time, Number(count));
  },
  addMonthsLocalTime: function(count) {
    this._time = addMonths(this._time + shift(), Number(count)) - shift();
  },
  addYears: function(count) { this.addMonthsUTC(12 * count); },
  addYearsUTC: function(count) { this.addMonthsUTC(12 * count); },
  addYearsLocalTime: function(count) { this.addMonthsLocalTime(12 * count); },
  subtract: function(value) { this._time -= Number(value); },
  before: function(other) { return this._time < timeOf(other); },
  after: function(other) { return this._time > timeOf(other); },
  onOrBefore: function(other) { return this._time <= timeOf(other); },
  onOrAfter: function(other) { return this._time >= timeOf(other); },
  equals: function(other) { return this._time === timeOf(other); },
  compareTo: function(other) {
    var difference = this._time - timeOf(other);
    return difference < 0 ? -1 : difference > 0 ? 1 : 0;
  },
  getDate: function() { return new GlideDate(this); },
  getLocalDate: function() {
    return new GlideDate(formatTime(this._time + shift()));
  },
  getByFormat: function(pattern) { return formatBy(this._time, pattern); },
  getYearUTC: function() { return new Date(this._time).getUTCFullYear(); },
  getMonthUTC: function() { return new Date(this._time).getUTCMonth() + 1; },
  getDayOfMonthUTC: function() { return new Date(this._time).getUTCDate(); },
  // From Monday, 1, to Sunday, 7.
  getDayOfWeekUTC: function() {
    return new Date(this._time).getUTCDay() || 7;
  },
  getYearLocalTime: function() {
    return new Date(this._time + shift()).getUTCFullYear();
  },
  getMonthLocalTime: function() {
    return new Date(this._time + shift()).getUTCMonth() + 1;
  },
  getDayOfMonthLocalTime: function() {
    return new Date(this._time + shift()).getUTCDate();
  },
  getDayOfWeekLocalTime: function() {
    return new Date(this._time + shift()).getUTCDay() || 7;
  }
});

GlideDateTime.subtract = function(start, end) {
  return new GlideDuration(timeOf(end) - timeOf(start));
};

// A day; its time is midnight.
function GlideDate(value) {
  var time = value === undefined ? now() + shift() : timeOf(value);
  hidden(this, '_time', Math.floor(time / DAY) * DAY);
}

GlideDate.prototype = Object.create(GlideDateTime.prototype);
methods(GlideDate.prototype, {
  getValue: function() {
    return isNaN(this._time) ? '' : formatTime(this._time).slice(0, 10);
  },
  getDisplayValue: function() { return this.getValue(); },
  setValue: function(value) {
    this._time = Math.floor(timeOf(value) / DAY) * DAY;
  }
});

// Milliseconds, or "days hours:minutes:seconds", or a time counted from 1970.
function GlideDuration(value) {
  hidden(this, '_milliseconds', durationOf(value));
}

function durationOf(value) {
  if (value instanceof GlideDuration) {
    return value._milliseconds;
  }
  if (value === undefined || typeof value === 'number') {
    return value || 0;
  }
  var parts = /^(?:(\d+) )?(\d+):(\d+):(\d+)$/.exec(textOf(value));
  if (parts === null) {
    return parseTime(textOf(value)) || 0;
  }
  return ((Number(parts[1] || 0) * 24 + Number(parts[2])) * 3600 +
      Number(parts[3]) * 60 + Number(parts[4])) * 1000;
}

methods(GlideDuration.prototype, {
  getNumericValue: function() { return this._milliseconds; },
  getValue: function() { return formatTime(this._milliseconds); },
  toString: function() { return this.getValue(); },
  getDurationValue: function() {
    var days = Math.floor(this._milliseconds / DAY);
    var time = formatTime(this._milliseconds % DAY).slice(11);
    return (days > 0 ? days + ' ' : '') + time;
  },
  getDisplayValue: function() { return this.getDurationValue(); },
  getDayPart: function() { return Math.floor(this._milliseconds / DAY); },
  getRoundedDayPart: function() { return Math.round(this._milliseconds / DAY); },
  add: function(other) {
    return new GlideDuration(this._milliseconds + durationOf(other));
  },
  subtract: function(other) {
    return new GlideDuration(this._milliseconds - durationOf(other));
  }
});
