package org.secondsite.config;

import java.net.InetSocketAddress;
import java.util.regex.Pattern;

/** Addresses with ports, as people write them. */
public final class Endpoints {
    private static final Pattern PORT = Pattern.compile("[0-9]{1,5}");
    private static final int MAX_PORT = 65535;

    private Endpoints() {}

    /**
     * Reads {@code 192.0.2.1:7400} or {@code [2001:db8::1]:7400}. Names are not resolved.
     *
     * @throws IllegalArgumentException if it is neither, with a message for the operator
     */
    public static InetSocketAddress parse(String text) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        if (colon < 0 || (host.indexOf(':') >= 0 && !bracketed)) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not an address with a port like 192.0.2.1:7400 or [2001:db8::1]:7400");
        }
        String literal = bracketed ? host.substring(1, host.length() - 1) : host;
        return new InetSocketAddress(IpPrefix.parseAddress(literal), port(text.substring(colon + 1)));
    }

    private static int port(String digits) {
        if (!PORT.matcher(digits).matches()) {
            throw new IllegalArgumentException("port '" + digits + "' is not a whole number");
        }
        int port = Integer.parseInt(digits);
        if (port < 1 || port > MAX_PORT) {
            throw new IllegalArgumentException("port " + port + " is not within 1.." + MAX_PORT);
        }
        return port;
    }
}
