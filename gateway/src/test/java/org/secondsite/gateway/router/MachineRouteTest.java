package org.secondsite.gateway.router;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.config.IpPrefix;

/** What is read of the words of {@code ip -j} (iproute2 6.1), and what it is told. */
class MachineRouteTest {
    private static final IpPrefix DEFAULT = IpPrefix.parse("0.0.0.0/0");
    private static final MachineRoute.Hop NUMBERED = new MachineRoute.Hop(IpPrefix.parseAddress("10.0.0.2"), "a0");
    private static final MachineRoute.Hop UNNUMBERED = new MachineRoute.Hop(IpPrefix.parseAddress("fe80::7"), "b0");

    private static MachineRoute.Standing read(String shown) throws IOException {
        return MachineRoute.standing(new ObjectMapper().readTree(shown));
    }

    @Test
    void bothWaysOfOneRouteAreReadAndWritten() throws IOException {
        Set<MachineRoute.Hop> both = Set.of(NUMBERED, UNNUMBERED);
        assertEquals(new MachineRoute.Standing(both, Optional.empty()), read("""
                [{"dst":"default","protocol":"83","metric":20,"flags":[],"nexthops":[
                {"gateway":"10.0.0.2","dev":"a0","weight":1,"flags":["dead","linkdown"]},
                {"via":{"family":"inet6","host":"fe80::7"},"dev":"b0","weight":1,"flags":[]}]}]"""));
        assertEquals(
                "ip -j -4 route replace 0.0.0.0/0 proto 83 metric 20 nexthop via inet6 fe80:0:0:0:0:0:0:7 dev b0",
                String.join(" ", new MachineRoute(DEFAULT, Set.of(UNNUMBERED)).put()));
        assertEquals("0.0.0.0/0 via 10.0.0.2, fe80:0:0:0:0:0:0:7%b0", new MachineRoute(DEFAULT, both).toString());
    }

    @Test
    void whatOthersMadeIsNotOursAndIsToldIfItComesFirst() throws IOException {
        String ours = "{\"dst\":\"default\",\"gateway\":\"10.0.0.2\",\"dev\":\"a0\",\"protocol\":\"83\",\"metric\":20}";
        assertEquals(
                new MachineRoute.Standing(Set.of(NUMBERED), Optional.empty()),
                read("[" + ours
                        + ",{\"dst\":\"default\",\"gateway\":\"10.0.0.9\",\"protocol\":\"dhcp\",\"metric\":100}]"));
        // A static route without any metric, as most have it.
        assertEquals(
                new MachineRoute.Standing(Set.of(NUMBERED), Optional.of(new MachineRoute.Other("static", 0))),
                read("[{\"dst\":\"default\",\"gateway\":\"10.0.0.9\",\"protocol\":\"static\"}," + ours + "]"));
        assertEquals(
                new MachineRoute.Standing(Set.of(), Optional.empty()),
                read("[{\"dst\":\"default\",\"gateway\":\"10.0.0.9\",\"protocol\":\"bgp\",\"metric\":200}]"));
        // FRR's, of the same metric: ours would take its place.
        MachineRoute.Standing frr = read(
                "[{\"dst\":\"default\",\"gateway\":\"10.0.0.9\",\"dev\":\"a0\",\"protocol\":\"bgp\",\"metric\":20}]");
        assertEquals(new MachineRoute.Standing(Set.of(), Optional.of(new MachineRoute.Other("bgp", 20))), frr);
        assertTrue(frr.preferred().orElseThrow().isInThePlace());
        assertEquals(new MachineRoute.Standing(Set.of(), Optional.empty()), read("[]"));
        assertEquals(
                List.of("ip", "-j", "-6", "route", "show", "exact", "0:0:0:0:0:0:0:0/0"),
                MachineRoute.show(IpPrefix.parse("::/0")));
    }

    @Test
    void oursAreFoundWhereverTheyLead() throws IOException {
        assertEquals(
                List.of(DEFAULT, IpPrefix.parse("198.51.100.0/24"), IpPrefix.parse("192.0.2.1/32")),
                MachineRoute.destinations(true, new ObjectMapper().readTree("""
                        [{"dst":"default","metric":20},{"dst":"198.51.100.0/24","metric":20},{"dst":"192.0.2.1","metric":20},
                        {"dst":"192.0.2.2","metric":21}]""")));
        assertEquals(
                List.of(IpPrefix.parse("::/0"), IpPrefix.parse("2001:db8::1/128")),
                MachineRoute.destinations(false, new ObjectMapper().readTree("""
                        [{"dst":"default","metric":20},{"dst":"2001:db8::1","metric":20}]""")));
    }

    @Test
    void anAddressIsAtAnInterfaceOnlyIfNobodyIsBetween() throws IOException {
        assertEquals(Optional.of("up0"), device("[{\"dst\":\"10.0.0.2\",\"dev\":\"up0\",\"flags\":[]}]"));
        assertEquals(Optional.of("lo"), device("[{\"type\":\"local\",\"dst\":\"10.0.0.1\",\"dev\":\"lo\"}]"));
        assertEquals(Optional.empty(), device("[{\"dst\":\"10.0.0.2\",\"gateway\":\"10.1.0.1\",\"dev\":\"up0\"}]"));
        assertEquals(Optional.empty(), device("[{\"type\":\"unreachable\",\"dst\":\"::1\",\"dev\":\"lo\"}]"));
        assertEquals(Optional.empty(), device("[]"));
    }

    private static Optional<String> device(String shown) throws IOException {
        return MachineRoute.device(new ObjectMapper().readTree(shown));
    }
}
