-- What wrk counted, as one line of JSON that a scenario reads. "timeout" is an answer that took longer than --timeout.
function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"requests":%d,"seconds":%.3f,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d,"longest_ms":%d}\n',
        summary.requests, summary.duration / 1000000, errors.connect, errors.read, errors.write, errors.status, errors.timeout,
        latency.max / 1000))
end
