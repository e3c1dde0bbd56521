package org.secondsite.openflow.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.openflow.lab.ControlledSite.ID;
import static org.secondsite.openflow.lab.SwitchSite.attachment;
import static org.secondsite.openflow.lab.SwitchSite.ipv4;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.secondsite.config.TlsFiles;
import org.secondsite.openflow.Access;
import org.secondsite.openflow.ControllerSettings;
import org.secondsite.openflow.DatabaseAccess;
import org.secondsite.openflow.Preflight;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.io.DatabaseLook;
import org.secondsite.openflow.io.RecordedEvents;
import org.secondsite.openflow.io.SwitchController;
import org.secondsite.openflow.ovsdb.Bridge;
import org.secondsite.pki.TestAuthority;

/** A real Open vSwitch over TLS, and one that is dialled. */
@Tag("lab")
@Timeout(180)
class ProvedSwitchTest {
    private static final VmAttachment VM1 = attachment("vm1", Role.OWNER);
    private static final VmAttachment VM3 = attachment("vm3", Role.OWNER);
    private static final int SWITCH_PORT = 6654;
    private static final int TLS_DATABASE_PORT = 6641;
    private static final InetSocketAddress LISTENING =
            new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), SWITCH_PORT);
    private static final Access PROVED = Access.UNPROVED.proving("sw-a");

    @TempDir
    private Path directory;

    private final RecordedEvents events = new RecordedEvents();
    private SwitchSite site;
    private OpenVSwitch ovs;
    private TestAuthority authority;
    private TlsFiles own;

    @BeforeEach
    void open() throws Exception {
        site = new SwitchSite(directory);
        ovs = site.openVSwitch();
        authority = new TestAuthority(directory.resolve("pki"));
        own = authority.issue("gateway");
    }

    @AfterEach
    void close() throws Exception {
        if (site != null) {
            site.close();
        }
    }

    @Test
    void aSwitchThatConnectsIsTakenForTheOneThatItsCertificateNames() throws Exception {
        TlsFiles switchA = authority.issue("sw-a");
        try (SwitchController controller = listening(events)) {
            String address = "127.0.0.1:" + controller.address().getPort();
            controller.apply(ID, 5, List.of(VM1));

            ovs.setTls(new TestAuthority(directory.resolve("strange")).issue("sw-a"));
            ovs.setControllers("ssl:" + address);
            ovs.await("BACKOFF", "--if-exists", "get", "controller", OpenVSwitch.BRIDGE, "status:state");
            ovs.setControllers("tcp:" + address);
            ovs.await("BACKOFF", "--if-exists", "get", "controller", OpenVSwitch.BRIDGE, "status:state");
            ovs.setTls(authority.issue("sw-b"));
            ovs.setControllers("ssl:" + address);
            String notice = events.await("sw-a noticed impostor: ");
            assertTrue(notice.endsWith("it says that it is sw-a, and shows the certificate of 'sw-b'"), notice);
            assertEquals(List.of(), events.rest());
            assertEquals(List.of(), ovs.flows());

            ovs.setTls(switchA);
            events.await("sw-a connected");
            events.await("sw-a confirmed 5");
            assertTrue(site.arrives("vm1", ipv4("vm1"), "gw", ipv4("gw"), true));
        }
    }

    @Test
    void aSwitchDoesNotObeyAGatewayOfAnotherAuthority() throws Exception {
        ovs.setTls(new TestAuthority(directory.resolve("strange")).issue("sw-a"));
        ovs.setControllers("pssl:" + SWITCH_PORT + ":127.0.0.1");
        try (SwitchController controller = dialling(events, Optional.of(own), PROVED.dialling(LISTENING))) {
            controller.apply(ID, 5, List.of(VM1));
            events.await("sw-a disconnected: /127.0.0.1:" + SWITCH_PORT + ": ");
            assertEquals(List.of(), ovs.flows());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ptcp", "pssl"})
    void aSwitchThatIsDialledTellsOfItsPortsAndItsMastersAndIsDialledAgain(String way) throws Exception {
        boolean isProved = way.equals("pssl");
        Optional<TlsFiles> tls = isProved ? Optional.of(own) : Optional.empty();
        Access access = (isProved ? PROVED : Access.UNPROVED).dialling(LISTENING);
        RecordedEvents others = new RecordedEvents();
        try (SwitchController controller = dialling(events, tls, access);
                SwitchController other = dialling(others, tls, access)) {
            events.await("sw-a disconnected: /127.0.0.1:" + SWITCH_PORT + ": cannot connect");
            controller.apply(ID, 5, List.of(VM1, VM3));
            ovs.setTls(authority.issue("sw-a"));
            ovs.setControllers(way + ":" + SWITCH_PORT + ":127.0.0.1");
            events.await("sw-a connected");
            events.await("sw-a partial 5");
            site.plug("vm3");
            events.await("sw-a confirmed 5");
            assertTrue(site.arrives("vm3", ipv4("vm3"), "gw", ipv4("gw"), true));

            others.await("sw-a connected");
            other.apply(ID, 6, List.of(VM1));
            others.await("sw-a confirmed 6");
            events.await("sw-a contested 5");

            ovs.crashAndRestart();
            others.await("sw-a disconnected");
            others.await("sw-a connected");
            others.await("sw-a confirmed 6");

            List<String> flows = ovs.flows();
            other.change(List.of()).get();
            others.await("sw-a disconnected: it is configured no more");
            assertEquals(flows, ovs.flows());
            other.change(List.of(settings(access))).get();
            others.await("sw-a connected");
        }
    }

    @Test
    void aDialledAddressAtWhichAnotherSwitchAnswersIsNotThatSwitch() throws Exception {
        ovs.setControllers("ptcp:" + SWITCH_PORT + ":127.0.0.1");
        SwitchSettings expected = new SwitchSettings(ID, SwitchSite.DATAPATH + 1, SwitchSite.GATEWAY)
                .with(Access.UNPROVED.dialling(LISTENING));
        try (SwitchController controller =
                open(new ControllerSettings(Optional.empty(), Optional.empty(), List.of(expected)), events)) {
            controller.apply(ID, 5, List.of(VM1));
            events.await("sw-a disconnected: /127.0.0.1:" + SWITCH_PORT
                    + ": datapath 00:00:00:00:00:00:0a:01 is not configured");
            assertEquals(List.of(), ovs.flows());
        }
    }

    @Test
    void aDatabaseIsMendedOverTlsOnceItShowsItsCertificate() throws Exception {
        ovs.setTls(authority.issue("sw-b"));
        ovs.vsctl("set-manager", "pssl:" + TLS_DATABASE_PORT + ":127.0.0.1");
        DatabaseAccess database = DatabaseAccess.plain(
                        new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), TLS_DATABASE_PORT))
                .proving("sw-a");
        SwitchSettings proved = settings(PROVED).with(Preflight.MEND, database);
        InetSocketAddress any = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);
        try (SwitchController controller =
                open(new ControllerSettings(Optional.of(any), Optional.of(own), List.of(proved)), events)) {
            controller.apply(ID, 5, List.of(VM1));
            events.await("sw-a preflight UNCHECKED: its database is not reached: it shows the certificate of 'sw-b'");
            String refusal = assertThrows(IOException.class, () -> look(database, Optional.of(own)))
                    .getMessage();
            assertEquals("it shows the certificate of 'sw-b'", refusal);

            ovs.vsctl("clear", "bridge", OpenVSwitch.BRIDGE, "fail_mode");
            ovs.setTls(authority.issue("sw-a"));
            ovs.await("secure", "get", "bridge", OpenVSwitch.BRIDGE, "fail_mode");
            ovs.setControllers("ssl:127.0.0.1:" + controller.address().getPort());
            events.await("sw-a confirmed 5");
            assertEquals(
                    OpenVSwitch.BRIDGE,
                    look(database, Optional.of(own)).orElseThrow().name());
        }
    }

    private Optional<Bridge> look(DatabaseAccess database, Optional<TlsFiles> tls) throws Exception {
        return site.switchNamespace().call(() -> DatabaseLook.at(database, tls, SwitchSite.DATAPATH, 20_000));
    }

    private SwitchController listening(RecordedEvents listener) throws Exception {
        InetSocketAddress any = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);
        return open(new ControllerSettings(Optional.of(any), Optional.of(own), List.of(settings(PROVED))), listener);
    }

    private SwitchController dialling(RecordedEvents listener, Optional<TlsFiles> tls, Access access) throws Exception {
        return open(new ControllerSettings(Optional.empty(), tls, List.of(settings(access))), listener);
    }

    private static SwitchSettings settings(Access access) {
        return new SwitchSettings(ID, SwitchSite.DATAPATH, SwitchSite.GATEWAY).with(access);
    }

    private SwitchController open(ControllerSettings settings, RecordedEvents listener) throws Exception {
        return site.switchNamespace().call(() -> SwitchController.open(settings, listener));
    }
}
