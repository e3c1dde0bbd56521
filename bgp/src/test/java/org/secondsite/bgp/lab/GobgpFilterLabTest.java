package org.secondsite.bgp.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.bgp.exabgp.ApiCommand;
import org.secondsite.bgp.exabgp.CommandParser;
import org.secondsite.bgp.exabgp.EventJson;
import org.secondsite.bgp.io.BgpSpeaker;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.rib.ReceivedUpdate;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.wire.AddressFamily;

/**
 * Traffic filters of a real GoBGP: what it announces is put into our words, a command is made of these, and what that announces
 * means to GoBGP what its own did.
 */
@Tag("lab")
@Timeout(240)
class GobgpFilterLabTest {
    private static final List<AddressFamily> FAMILIES = List.of(AddressFamily.IPV4_FLOW, AddressFamily.IPV6_FLOW);
    private static final int PATIENCE_SECONDS = 30;
    private static final List<String> RULES = List.of(
            "match destination 10.0.0.0/24 then discard",
            "match source 10.0.1.0/24 destination 10.2.0.0/16 then accept",
            "match destination 10.0.2.0/24 protocol tcp udp then rate-limit 9600",
            "match destination 10.0.3.0/24 protocol !=17 then rate-limit 9600 as 65001",
            "match destination 10.0.4.0/24 port >=80&<=90 ==443 then discard",
            "match destination 10.0.5.0/24 destination-port ==80 source-port >1024 then redirect 65001:7",
            "match destination 10.0.6.0/24 icmp-type ==8 icmp-code ==0 then redirect 10.7.0.9:7",
            "match destination 10.0.7.0/24 tcp-flags =SA then redirect 4200000000:7",
            "match destination 10.0.8.0/24 tcp-flags S&!A then mark 46",
            "match destination 10.0.9.0/24 packet-length >1000&<1500 then action sample",
            "match destination 10.0.10.0/24 dscp ==46 then action terminal",
            "match destination 10.0.11.0/24 fragment is-fragment then action sample-terminal",
            "match destination 10.0.12.0/24 fragment =first-fragment last-fragment then discard",
            "match destination 10.0.13.0/24 fragment !dont-fragment then discard");
    private static final List<String> RULES6 = List.of(
            "match destination 2001:db8::/64 then discard",
            "match destination 2001:db8:1::/64 source 2001:db8:2::/64 protocol tcp then rate-limit 9600",
            "match destination 2001:db8:3::/64 port >=80&<=90 then redirect 65001:7",
            "match destination 2001:db8:4::/64 icmp-type ==128 then discard",
            "match destination 2001:db8:5::/64 tcp-flags SA then mark 46",
            "match destination 2001:db8:6::/64 packet-length <100 dscp ==46 then discard",
            "match destination 2001:db8:7::/64 fragment is-fragment label ==99 then action sample");
    /** Of a line of {@code gobgp … adj-in} or {@code … rib}: the filter, and what is to be done. */
    private static final Pattern LINE =
            Pattern.compile("(\\[(?:destination|source)\\S.*?\\]) +fictitious[^\n]*?(?:Extcomms: (\\[.*?\\])|\n)");

    /** Of what a helper is told. */
    private static final Pattern STRING = Pattern.compile("\"string\": \"([^\"]*)\"");

    private PeerLab lab;

    @BeforeEach
    void build() throws Exception {
        lab = PeerLab.open("/usr/bin/gobgpd", "/usr/bin/gobgp");
        lab.startGobgp("ipv4-flowspec", "ipv6-flowspec");
    }

    @AfterEach
    void remove() throws Exception {
        lab.close();
    }

    private void add(String family, List<String> rules) throws Exception {
        for (String rule : rules) {
            List<String> command = new ArrayList<>(List.of("gobgp", "global", "rib", "-a", family, "add"));
            command.addAll(List.of(rule.split(" ", -1)));
            assertEquals("", lab.query(command.toArray(String[]::new)), rule);
        }
    }

    /**
     * What GoBGP has to do with each filter, in its own words; without the AS of a rate, which informs nobody (RFC 8955 §7.3) and has no
     * words in ExaBGP's language.
     */
    private static Map<String, String> rules(String shown) {
        Map<String, String> rules = new TreeMap<>();
        for (Matcher matcher = LINE.matcher(shown); matcher.find(); ) {
            rules.put(matcher.group(1), String.valueOf(matcher.group(2)).replaceAll("\\(as: \\d+\\)", ""));
        }
        return rules;
    }

    /** The command that announces the filter, by the words in which a helper is told of it. */
    private static String command(ReceivedRoute route) {
        NeighborSettings peer = NeighborSettings.of(PeerLab.PEER, PeerLab.PEER_AS);
        ReceivedUpdate update = new ReceivedUpdate(
                route.attributes(), List.of(route), List.of(), Map.of(), Optional.empty(), List.of());
        String told = new EventJson(EventJson.Form.FOUR, PeerLab.LOCAL_AS, "here", 1, 1)
                .update(peer, PeerLab.SELF, update, 0);
        List<String> actions = new ArrayList<>();
        String filter = "";
        for (Matcher matcher = STRING.matcher(told); matcher.find(); ) {
            if (matcher.group(1).startsWith("flow ")) {
                filter = matcher.group(1);
            } else {
                actions.add(matcher.group(1));
            }
        }
        String then = actions.isEmpty() ? "" : " extended-community [ " + String.join(" ", actions) + " ]";
        return "announce " + route.nlri().family().afiName() + " " + filter + then;
    }

    @Test
    void whatOurWordsSayOfAFilterMeansTheSameToGobgp() throws Exception {
        add("ipv4-flowspec", RULES);
        add("ipv6-flowspec", RULES6);
        // Before ours are beside them.
        Map<String, String> its4 = rules(lab.query("gobgp", "global", "rib", "-a", "ipv4-flowspec"));
        Map<String, String> its6 = rules(lab.query("gobgp", "global", "rib", "-a", "ipv6-flowspec"));
        assertEquals(RULES.size(), its4.size(), its4.toString());
        assertEquals(RULES6.size(), its6.size(), its6.toString());
        try (BgpSpeaker speaker = lab.speaker(n -> n.withOptions(n.options().withFamilies(FAMILIES)))) {
            int all = RULES.size() + RULES6.size();
            lab.heard.await(
                    "all filters", PATIENCE_SECONDS, () -> lab.heard.routes().size() == all);
            List<String> commands = new ArrayList<>();
            for (ReceivedRoute route : lab.heard.routes().values()) {
                String command = command(route);
                commands.add(command);
                ApiCommand.Announce announce =
                        assertInstanceOf(ApiCommand.Announce.class, CommandParser.parse(command), command);
                for (ApiCommand.Route one : announce.routes()) {
                    speaker.announce(PeerLab.PEER, Map.of(one.nlri(), one.attributes()))
                            .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
                }
            }
            for (String family : List.of("ipv4-flowspec", "ipv6-flowspec")) {
                Map<String, String> its = family.startsWith("ipv4") ? its4 : its6;
                String ours = lab.await(
                        family,
                        PATIENCE_SECONDS,
                        () -> lab.query("gobgp", "neighbor", "10.7.0.1", "adj-in", "-a", family),
                        text -> rules(text).size() == its.size());
                assertEquals(its, rules(ours), String.join("\n", commands));
            }
        }
    }
}
