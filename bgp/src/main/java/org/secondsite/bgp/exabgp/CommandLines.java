package org.secondsite.bgp.exabgp;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Prefix;

/**
 * Reads the lines of one helper. A helper that announces a table writes lines in which nothing but the prefix is different:
 * what stands before and behind the prefix is kept, and where the next line has the same octets there, only its prefix is read.
 * All other lines go through {@link CommandParser}. Not thread-safe.
 *
 * <pre>
 * neighbor 10.0.0.2 announce route |198.51.100.0/24| next-hop self med 100
 * ------------- head ------------- ----- prefix --- -------- tail --------
 * </pre>
 */
public final class CommandLines {
    private static final int IPV4_OCTETS = 4;
    private static final int MAX_OCTET = 255;

    private Optional<Pattern> pattern = Optional.empty();

    /** Two of a line's parts, and what they mean for whatever prefix. */
    private static final class Pattern {
        private final byte[] head;
        private final byte[] tail;
        private final Meaning meaning;

        Pattern(byte[] head, byte[] tail, Meaning meaning) {
            this.head = head;
            this.tail = tail;
            this.meaning = meaning;
        }

        boolean fits(byte[] line, int from, int to) {
            return to - from > head.length + tail.length
                    && Arrays.equals(line, from, from + head.length, head, 0, head.length)
                    && Arrays.equals(line, to - tail.length, to, tail, 0, tail.length);
        }

        /** The command of a line that fits; empty if there is no prefix in its middle. */
        Optional<ApiCommand> command(byte[] line, int from, int to) {
            return ipv4(line, from + head.length, to - tail.length)
                    .map(prefix -> meaning.of(new Nlri.Unicast(Nlri.Unicast.NO_PATH, prefix)));
        }
    }

    /** The command for a prefix. */
    @FunctionalInterface
    private interface Meaning {
        ApiCommand of(Nlri.Unicast route);
    }

    /** Reads the octets of a line, without its end. */
    public ApiCommand read(byte[] line, int from, int to) {
        if (pattern.isPresent() && pattern.get().fits(line, from, to)) {
            Optional<ApiCommand> command = pattern.get().command(line, from, to);
            if (command.isPresent()) {
                return command.get();
            }
        }
        String text = new String(line, from, to - from, StandardCharsets.UTF_8);
        ApiCommand command = CommandParser.parse(text);
        meaning(command).flatMap(meaning -> pattern(text, meaning)).ifPresent(learnt -> pattern = Optional.of(learnt));
        return command;
    }

    /** A line about one IPv4 prefix means the same for another prefix, unless its path has a name or it is many routes. */
    private static Optional<Meaning> meaning(ApiCommand command) {
        return switch (command) {
            case ApiCommand.Announce(NeighborFilter to, List<ApiCommand.Route> routes)
            when routes.size() == 1 && isPlain(routes.getFirst().nlri()) -> {
                ApiCommand.Route like = routes.getFirst();
                yield Optional.of(route -> new ApiCommand.Announce(
                        to, List.of(new ApiCommand.Route(route, like.attributes(), like.watchdog(), like.held()))));
            }
            case ApiCommand.Withdraw(NeighborFilter to, List<Nlri> routes)
            when routes.size() == 1 && isPlain(routes.getFirst()) ->
                Optional.of(route -> new ApiCommand.Withdraw(to, List.of(route)));
            default -> Optional.empty();
        };
    }

    private static boolean isPlain(Nlri nlri) {
        return nlri instanceof Nlri.Unicast unicast
                && !unicast.hasPath()
                && unicast.prefix().isIpv4();
    }

    /** Only {@code … route PREFIX …}: {@code split} depends on the prefix, and quotes could hide where the words end. */
    private static Optional<Pattern> pattern(String text, Meaning meaning) {
        int word = text.indexOf(" route ");
        int begin = word + " route ".length();
        int end = text.indexOf(' ', begin);
        if (word < 0 || text.indexOf('"') >= 0 || text.indexOf('\\') >= 0 || text.contains("split")) {
            return Optional.empty();
        }
        String prefix = text.substring(begin, end < 0 ? text.length() : end);
        byte[] octets = prefix.getBytes(StandardCharsets.UTF_8);
        if (ipv4(octets, 0, octets.length).isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Pattern(
                text.substring(0, begin).getBytes(StandardCharsets.UTF_8),
                (end < 0 ? "" : text.substring(end)).getBytes(StandardCharsets.UTF_8),
                meaning));
    }

    /** {@code 198.51.100.0/24}, canonical; empty for everything else, of which the parser says what is wrong. */
    private static Optional<Prefix> ipv4(byte[] line, int from, int to) {
        int address = 0;
        int number = -1;
        int octets = 0;
        boolean slash = false;
        for (int i = from; i < to; i++) {
            byte c = line[i];
            if (c >= '0' && c <= '9' && number != 0) {
                number = (number < 0 ? 0 : number * 10) + (c - '0');
                if (number > MAX_OCTET) {
                    return Optional.empty();
                }
            } else if (c == (octets < IPV4_OCTETS - 1 ? '.' : '/') && number >= 0 && !slash) {
                address = address << Byte.SIZE | number;
                octets++;
                number = -1;
                slash = c == '/';
            } else {
                return Optional.empty();
            }
        }
        boolean whole = slash && number >= 0 && number <= Integer.SIZE;
        if (!whole || (number < Integer.SIZE && address << number != 0)) {
            return Optional.empty();
        }
        return Optional.of(prefix(address, number));
    }

    private static Prefix prefix(int address, int length) {
        byte[] octets = {(byte) (address >>> 24), (byte) (address >>> 16), (byte) (address >>> 8), (byte) address};
        try {
            return new Prefix(InetAddress.getByAddress(octets), length);
        } catch (UnknownHostException e) {
            throw new AssertionError("4 octets are an address", e);
        }
    }
}
