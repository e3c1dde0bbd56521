package org.secondsite.config.yaml;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.secondsite.config.Endpoints;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MacAddress;
import org.secondsite.config.Secret;

/** Texts to values. Each method refuses by IllegalArgumentException with a message for the operator. */
final class Values {
    private static final Map<String, Long> COMMUNITIES = Map.of(
            "no-export", 0xffff_ff01L,
            "no-advertise", 0xffff_ff02L,
            "no-peer", 0xffff_ff04L,
            "blackhole", 0xffff_029aL,
            "graceful-shutdown", 0xffff_0000L);
    /** {@code IFNAMSIZ} less the closing zero. */
    private static final int INTERFACE_NAME_LENGTH = 15;

    /** {@code sun_path} of unix(7), less the closing zero. */
    private static final int SOCKET_PATH_BYTES = 107;

    /** {@code TCP_MD5SIG_MAXKEYLEN} of Linux. */
    private static final int MD5_KEY_BYTES = 80;

    /** RFC 5880 §4.4. */
    private static final int BFD_KEY_BYTES = 20;

    private static final Pattern INTERFACE = Pattern.compile("[A-Za-z0-9_.@-]{1," + INTERFACE_NAME_LENGTH + "}");
    private static final Pattern DATAPATH = Pattern.compile("0x[0-9a-fA-F]{1,16}|[0-9a-fA-F]{16}");
    private static final Pattern INTEGER = Pattern.compile("-?[0-9]{1,18}");

    private Values() {}

    static InetSocketAddress endpoint(String text) {
        return Endpoints.parse(text);
    }

    static InetAddress address(String text) {
        return IpPrefix.parseAddress(text);
    }

    static long integer(String text, long minimum, long maximum) {
        if (!INTEGER.matcher(text).matches()) {
            throw new IllegalArgumentException("'" + text + "' is not a whole number");
        }
        long number = Long.parseLong(text);
        if (number < minimum || number > maximum) {
            throw new IllegalArgumentException(number + " is not within " + minimum + ".." + maximum);
        }
        return number;
    }

    static boolean flag(String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException("'" + text + "' is neither true nor false");
        };
    }

    static String interfaceName(String text) {
        if (!INTERFACE.matcher(text).matches()) {
            throw new IllegalArgumentException("'" + text + "' is not an interface name of 1 to "
                    + INTERFACE_NAME_LENGTH + " letters, digits or '_.@-'");
        }
        return text;
    }

    /** A MAC address that one station can have. */
    static MacAddress stationMac(String text) {
        MacAddress mac = MacAddress.parse(text);
        if (mac.isMulticast()) {
            throw new IllegalArgumentException(mac + " is a multicast address; no single station can have it");
        }
        if (mac.value() == 0) {
            throw new IllegalArgumentException(mac + " is no station's address");
        }
        return mac;
    }

    static Inet4Address routerId(String text) {
        // RFC 6286 §2.1: any four octets that are not zero.
        if (IpPrefix.parseAddress(text) instanceof Inet4Address id && !id.isAnyLocalAddress()) {
            return id;
        }
        throw new IllegalArgumentException("'" + text + "' is not a router id like 10.1.0.2");
    }

    static long asNumber(String text) {
        long number = integer(text, 1, 0xffff_ffffL);
        if (number == 23456) {
            throw new IllegalArgumentException("23456 is AS_TRANS and belongs to nobody (RFC 6793)");
        }
        return number;
    }

    static int holdTimeSeconds(String text) {
        int seconds = (int) integer(text, 0, 65535);
        if (seconds == 1 || seconds == 2) {
            // RFC 4271 §4.2.
            throw new IllegalArgumentException("a hold time is 0 (none) or at least 3 s");
        }
        return seconds;
    }

    /** A community of RFC 1997, {@code 65100:80} or one of the registered names. */
    static long community(String text) {
        Long known = COMMUNITIES.get(text);
        if (known != null) {
            return known;
        }
        String[] parts = text.split(":", -1);
        if (parts.length != 2) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not a community like 65100:80" + Suggestion.among(COMMUNITIES.keySet(), text));
        }
        return integer(parts[0], 0, 0xffff) << 16 | integer(parts[1], 0, 0xffff);
    }

    static Secret md5Key(String text) {
        if (text.getBytes(StandardCharsets.UTF_8).length > MD5_KEY_BYTES) {
            throw new IllegalArgumentException("a TCP MD5 key has at most " + MD5_KEY_BYTES + " bytes");
        }
        return new Secret(text);
    }

    static Secret bfdKey(String text) {
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        if (bytes == 0 || bytes > BFD_KEY_BYTES) {
            throw new IllegalArgumentException("a BFD key has 1 to " + BFD_KEY_BYTES + " bytes");
        }
        return new Secret(text);
    }

    static long datapathId(String text) {
        if (!DATAPATH.matcher(text).matches()) {
            throw new IllegalArgumentException("'" + text + "' is not a datapath id like \"0x0000000000000a01\"");
        }
        return Long.parseUnsignedLong(text.startsWith("0x") ? text.substring(2) : text, 16);
    }

    /** Checks that the kernel can bind the path: a longer one is refused only when a daemon starts. */
    static Path socket(Path path) {
        if (path.toString().getBytes(StandardCharsets.UTF_8).length > SOCKET_PATH_BYTES) {
            throw new IllegalArgumentException(
                    path + " is longer than the " + SOCKET_PATH_BYTES + " bytes of a Unix socket's path");
        }
        return path;
    }

    /** A value as the operator wrote it. */
    static String shown(Object value) {
        return switch (value) {
            case InetAddress address -> address.getHostAddress();
            case InetSocketAddress endpoint -> endpoint.getAddress().getHostAddress() + ":" + endpoint.getPort();
            case GatewayConfig.Attachment attachment -> attachment.switchId() + " " + attachment.port();
            default -> value.toString();
        };
    }

    static String oneOf(List<String> allowed, String text) {
        if (!allowed.contains(text)) {
            throw new IllegalArgumentException(
                    "'" + text + "' is none of " + String.join(", ", allowed) + Suggestion.among(allowed, text));
        }
        return text;
    }
}
