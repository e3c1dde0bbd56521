package org.secondsite.bgp.exabgp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.secondsite.bgp.rib.AdjRibOut;
import org.secondsite.bgp.rib.Exporter;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Decoded;
import org.secondsite.bgp.wire.MessageDecoder;
import org.secondsite.bgp.wire.MessageEncoder;
import org.secondsite.bgp.wire.SessionTraits;
import org.secondsite.bgp.wire.UpdateMessage;
import org.secondsite.config.IpPrefix;

/** Messages between hex and text, without a session: {@code secondsite bgp decode} and {@code encode}. */
public final class MessageText {
    private static final Set<AddressFamily> FAMILIES = Set.of(AddressFamily.IPV4_UNICAST, AddressFamily.IPV6_UNICAST);

    private MessageText() {}

    /** What is in a message of hex digits; blanks and colons between them are ignored. */
    public static String decode(String hex, boolean addPath) {
        SessionTraits traits = new SessionTraits(true, true, true, FAMILIES, addPath ? FAMILIES : Set.of());
        ByteBuf in;
        try {
            in = Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(hex.replaceAll("[\\s:]|^0[xX]", "")));
        } catch (IllegalArgumentException e) {
            return JsonText.of(Map.of("error", "not hex: " + e.getMessage()));
        }
        List<String> lines = new ArrayList<>();
        while (in.isReadable()) {
            Decoded decoded = MessageDecoder.decode(in, traits);
            lines.add(JsonText.of(asMap(decoded, in.readableBytes())));
            if (!(decoded instanceof Decoded.Message)) {
                break;
            }
        }
        return String.join("\n", lines);
    }

    private static Map<String, Object> asMap(Decoded decoded, int octets) {
        Map<String, Object> map = new LinkedHashMap<>();
        switch (decoded) {
            case Decoded.NeedMore(int needed) ->
                map.put("error", "the message is cut: " + octets + " of " + needed + " octets");
            case Decoded.Reset reset -> {
                map.put("error", reset.reason());
                map.put("notification", reset.notification().toString());
            }
            case Decoded.Message message -> {
                if (message.message() instanceof UpdateMessage update) {
                    map.put("type", "update");
                    map.put("message", EventJson.message(update));
                } else {
                    map.put("message", message.message().toString());
                }
                if (!message.faults().isEmpty()) {
                    map.put(
                            "faults",
                            message.faults().stream()
                                    .map(fault -> fault.treatment() + ": " + fault.detail())
                                    .toList());
                }
            }
        }
        return map;
    }

    /** The messages, as hex, that an {@code announce} or {@code withdraw} makes towards an external peer. */
    public static List<String> encode(String command, Exporter exporter) throws IllegalArgumentException {
        SessionTraits traits = new SessionTraits(exporter.external(), true, false, FAMILIES, Set.of());
        AdjRibOut rib = new AdjRibOut(exporter, traits);
        drain(rib, traits); // the End-of-RIB markers
        switch (CommandParser.parse(command)) {
            case ApiCommand.Announce(NeighborFilter _, List<ApiCommand.Route> routes) ->
                rib.desire(routes.stream()
                        .collect(Collectors.toMap(
                                ApiCommand.Route::prefix, ApiCommand.Route::attributes, (_, last) -> last)));
            case ApiCommand.Withdraw(NeighborFilter _, List<IpPrefix> prefixes) -> {
                // Withdrawals are of what was announced: do that first, unseen.
                rib.desire(prefixes.stream().distinct().collect(Collectors.toMap(p -> p, MessageText::anyRoute)));
                drain(rib, traits);
                rib.desire(Map.of());
            }
            case ApiCommand.Fault(String reason) -> throw new IllegalArgumentException(reason);
            default -> throw new IllegalArgumentException("only announce and withdraw make messages");
        }
        if (!rib.unexportable().isEmpty()) {
            throw new IllegalArgumentException("no next hop for " + rib.unexportable());
        }
        return drain(rib, traits);
    }

    private static RouteAttributes anyRoute(IpPrefix prefix) {
        return RouteAttributes.PLAIN.withNextHop(IpPrefix.parseAddress(prefix.isIpv4() ? "127.0.0.1" : "::1"));
    }

    private static List<String> drain(AdjRibOut rib, SessionTraits traits) {
        List<String> messages = new ArrayList<>();
        Optional<AdjRibOut.Outgoing> next = rib.next();
        while (next.isPresent()) {
            ByteBuf out = Unpooled.buffer();
            MessageEncoder.encode(next.get().message(), traits, out);
            messages.add(ByteBufUtil.hexDump(out));
            next = rib.next();
        }
        return messages;
    }
}
