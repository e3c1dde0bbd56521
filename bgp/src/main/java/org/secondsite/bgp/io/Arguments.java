package org.secondsite.bgp.io;

import java.net.InetSocketAddress;
import java.util.Iterator;
import java.util.List;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Prefix;

/** Values of command line options. */
final class Arguments {
    private static final long MAX_AS = 0xffff_ffffL;

    private Arguments() {}

    static String value(String option, Iterator<String> words) {
        if (!words.hasNext()) {
            throw new IllegalArgumentException(option + " needs a value");
        }
        return words.next();
    }

    static int number(String option, Iterator<String> words, int minimum, int maximum) {
        String text = value(option, words);
        try {
            int number = Integer.parseInt(text);
            if (number >= minimum && number <= maximum) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(option + " needs a number, not '" + text + "'", e);
        }
        throw new IllegalArgumentException(option + " " + text + " is not within " + minimum + ".." + maximum);
    }

    /** As a number, or as RFC 5396 writes those of four octets: {@code 64086.59904}. */
    static long asNumber(String option, Iterator<String> words) {
        String text = value(option, words);
        int dot = text.indexOf('.');
        try {
            long number = dot < 0
                    ? Long.parseLong(text)
                    : Long.parseLong(text.substring(0, dot)) << 16 | Long.parseLong(text.substring(dot + 1));
            if (number >= 1 && number <= MAX_AS) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(option + " needs an AS number, not '" + text + "'", e);
        }
        throw new IllegalArgumentException(option + " " + text + " is not within 1.." + MAX_AS);
    }

    /** {@code 192.0.2.1:179} or {@code [2001:db8::1]:179}; names are not resolved. */
    static InetSocketAddress endpoint(String option, Iterator<String> words) {
        String text = value(option, words);
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        if (colon < 0 || (host.indexOf(':') >= 0 && !bracketed)) {
            throw new IllegalArgumentException(option + " needs an address with a port, not '" + text + "'");
        }
        int port = number(option, List.of(text.substring(colon + 1)).iterator(), 1, 65535);
        return new InetSocketAddress(
                Prefix.parseAddress(bracketed ? host.substring(1, host.length() - 1) : host), port);
    }

    /** {@code ipv4 unicast} or {@code ipv4-unicast}, as ExaBGP names families. */
    static AddressFamily family(String text) {
        List<String> names = List.of(text.trim().split("[ -]", 2));
        return names.size() < 2
                ? unknown(text)
                : AddressFamily.named(names.get(0), names.get(1)).orElseGet(() -> unknown(text));
    }

    private static AddressFamily unknown(String text) {
        throw new IllegalArgumentException("'" + text + "' is no family like 'ipv4 unicast'");
    }
}
