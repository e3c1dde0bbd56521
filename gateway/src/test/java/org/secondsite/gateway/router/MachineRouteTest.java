package org.secondsite.gateway.router;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
    private static final MachineRoute.Hop NUMBERED =
            new MachineRoute.Hop(IpPrefix.parseAddress("10.0.0.2"), Optional.empty());
    private static final MachineRoute.Hop UNNUMBERED =
            new MachineRoute.Hop(IpPrefix.parseAddress("fe80::7"), Optional.of("b0"));

    private static MachineRoute.Standing read(String shown) throws IOException {
        return MachineRoute.standing(new ObjectMapper().readTree(shown));
    }

    @Test
    void bothWaysOfOneRouteAreReadAndWritten() throws IOException {
        Set<MachineRoute.Hop> both = Set.of(NUMBERED, UNNUMBERED);
        assertEquals(new MachineRoute.Standing(both, Optional.empty()), read("""
                [{"dst":"default","protocol":"bgp","metric":20,"flags":[],"nexthops":[
                {"gateway":"10.0.0.2","dev":"a0","weight":1,"flags":["dead","linkdown"]},
                {"via":{"family":"inet6","host":"fe80::7"},"dev":"b0","weight":1,"flags":[]}]}]"""));
        assertEquals(
                "ip -j -4 route replace 0.0.0.0/0 proto bgp metric 20 nexthop via inet6 fe80:0:0:0:0:0:0:7 dev b0",
                String.join(" ", new MachineRoute(DEFAULT, Set.of(UNNUMBERED)).put()));
        assertEquals("0.0.0.0/0 via 10.0.0.2, fe80:0:0:0:0:0:0:7%b0", new MachineRoute(DEFAULT, both).toString());
    }

    @Test
    void whatOthersMadeIsNotOursAndIsToldIfItComesFirst() throws IOException {
        String ours =
                "{\"dst\":\"default\",\"gateway\":\"10.0.0.2\",\"dev\":\"a0\",\"protocol\":\"bgp\",\"metric\":20}";
        assertEquals(
                new MachineRoute.Standing(Set.of(NUMBERED), Optional.empty()),
                read("[" + ours
                        + ",{\"dst\":\"default\",\"gateway\":\"10.0.0.9\",\"protocol\":\"dhcp\",\"metric\":100}]"));
        // A static route without any metric, as most have it.
        assertEquals(
                new MachineRoute.Standing(Set.of(NUMBERED), Optional.of("one of protocol 'static', metric 0")),
                read("[{\"dst\":\"default\",\"gateway\":\"10.0.0.9\",\"protocol\":\"static\"}," + ours + "]"));
        assertEquals(
                new MachineRoute.Standing(Set.of(), Optional.empty()),
                read("[{\"dst\":\"default\",\"gateway\":\"10.0.0.9\",\"protocol\":\"bgp\",\"metric\":200}]"));
        assertEquals(new MachineRoute.Standing(Set.of(), Optional.empty()), read("[]"));
        assertEquals(
                List.of("ip", "-j", "-6", "route", "show", "exact", "0:0:0:0:0:0:0:0/0"),
                MachineRoute.show(IpPrefix.parse("::/0")));
    }
}
