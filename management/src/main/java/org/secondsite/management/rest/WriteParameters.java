package org.secondsite.management.rest;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.opendaylight.netconf.databind.RequestException;
import org.opendaylight.yangtools.yang.common.ErrorTag;
import org.opendaylight.yangtools.yang.common.ErrorType;
import org.secondsite.management.ConfigPort;
import org.secondsite.net.PeerText;

/**
 * How a change is to be made.
 *
 * @param isDryRun whether it is only told what it would do
 * @param reason why; may be empty
 * @param confirmWithin how long to wait for a confirmation; empty: it needs none
 * @param when from when on it counts
 */
record WriteParameters(boolean isDryRun, String reason, Optional<Duration> confirmWithin, ConfigPort.When when) {
    private static final int MAX_CONFIRM_SECONDS = 86_400;

    static WriteParameters of(HttpRequest request) throws RequestException {
        boolean dryRun = false;
        String reason = "";
        Optional<Duration> confirmWithin = Optional.empty();
        ConfigPort.When when = ConfigPort.When.NOW;
        for (Map.Entry<String, String> parameter : request.query().entrySet()) {
            String value = parameter.getValue();
            switch (parameter.getKey()) {
                case "dry-run" -> dryRun = isSet("dry-run", value);
                case "at-restart" ->
                    when = isSet("at-restart", value) ? ConfigPort.When.AT_NEXT_START : ConfigPort.When.NOW;
                case "reason" -> reason = PeerText.line(value).strip();
                case "confirm" -> confirmWithin = Optional.of(seconds(value));
                default ->
                    throw invalid("query parameter '" + parameter.getKey()
                            + "' is not known; there are dry-run, confirm, reason and at-restart");
            }
        }
        return new WriteParameters(dryRun, reason, confirmWithin, when);
    }

    ConfigPort.Wanted wanted(String text, String who, int basedOn) {
        return new ConfigPort.Wanted(text, who, reason, basedOn, confirmWithin, when);
    }

    private static boolean isSet(String name, String value) throws RequestException {
        return switch (value) {
            case "", "true" -> true;
            case "false" -> false;
            default -> throw invalid(name + " is '" + value + "': it is true or false");
        };
    }

    private static Duration seconds(String value) throws RequestException {
        try {
            int seconds = Integer.parseInt(value);
            if (seconds >= 1 && seconds <= MAX_CONFIRM_SECONDS) {
                return Duration.ofSeconds(seconds);
            }
        } catch (NumberFormatException e) {
            throw invalid("confirm is '" + value + "': it is a number of seconds");
        }
        throw invalid("confirm is " + value + ": it is 1 to " + MAX_CONFIRM_SECONDS + " seconds");
    }

    private static RequestException invalid(String message) {
        return new RequestException(ErrorType.PROTOCOL, ErrorTag.INVALID_VALUE, message);
    }
}
