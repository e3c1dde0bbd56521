package org.secondsite.bgp.io;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.secondsite.bgp.exabgp.EventJson;
import org.secondsite.bgp.exabgp.MessageText;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Prefix;

/**
 * The arguments of {@code decode} and {@code encode}.
 *
 * @param session what the options say of the session
 * @param json in what form messages are shown
 * @param words the arguments that are no options
 */
record MessageArguments(MessageText session, EventJson.Form json, List<String> words) {
    private static final Inet4Address USUAL_SELF = (Inet4Address) Prefix.parseAddress("192.0.2.1");

    /** Reads those of {@code decode}, which does not know the ends if nothing is said of them. */
    static MessageArguments ofDecode(List<String> arguments) {
        return parse(arguments, 0, Optional.empty());
    }

    /** Reads those of {@code encode}; {@code localAs} is ours if nothing is said. */
    static MessageArguments ofEncode(List<String> arguments, long localAs) {
        return parse(arguments, localAs, Optional.of(USUAL_SELF));
    }

    private static MessageArguments parse(List<String> arguments, long localAs, Optional<Inet4Address> self) {
        long ours = localAs;
        OptionalLong peerAs = OptionalLong.empty();
        EventJson.Form json = EventJson.Form.FOUR;
        boolean twoOctetAs = false;
        boolean addPath = false;
        boolean asSets = false;
        Set<AddressFamily> families = new HashSet<>();
        Optional<Inet4Address> ipv4 = Optional.empty();
        Optional<Inet6Address> ipv6 = Optional.empty();
        List<String> words = new ArrayList<>();
        for (Iterator<String> rest = arguments.iterator(); rest.hasNext(); ) {
            String word = rest.next();
            switch (word) {
                case "--local-as" -> ours = Arguments.asNumber(word, rest);
                case "--peer-as" -> peerAs = OptionalLong.of(Arguments.asNumber(word, rest));
                case "--json" -> json = EventJson.Form.of(Arguments.value(word, rest));
                case "--two-octet-as" -> twoOctetAs = true;
                case "--add-path" -> addPath = true;
                case "--as-sets" -> asSets = true;
                case "--family" -> families.add(Arguments.family(Arguments.value(word, rest)));
                case "--local-address" -> {
                    switch (Prefix.parseAddress(Arguments.value(word, rest))) {
                        case Inet4Address address -> ipv4 = Optional.of(address);
                        case Inet6Address address -> ipv6 = Optional.of(address);
                        default -> throw new IllegalArgumentException(word + " needs an IP address");
                    }
                }
                default -> {
                    if (word.startsWith("--")) {
                        throw new IllegalArgumentException("unknown argument '" + word + "'");
                    }
                    words.add(word);
                }
            }
        }
        if (ipv4.isEmpty() && ipv6.isEmpty()) {
            ipv4 = self;
        }
        Set<AddressFamily> wanted = families.isEmpty() ? MessageText.ALL_FAMILIES : families;
        return new MessageArguments(
                new MessageText(ours, peerAs, twoOctetAs, addPath, asSets, wanted, ipv4, ipv6),
                json,
                List.copyOf(words));
    }
}
