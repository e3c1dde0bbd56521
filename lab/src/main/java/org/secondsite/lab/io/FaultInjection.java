package org.secondsite.lab.io;

import java.io.IOException;
import java.util.List;
import java.util.random.RandomGenerator;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.storm.Fault;

/** Strikes with one fault, for its time, and mends it. */
final class FaultInjection {
    private static final int MIN_PAUSE_MS = 4_000;
    private static final int MAX_PAUSE_MS = 30_000;
    private static final int MIN_FLAP_MS = 50;
    private static final int MAX_FLAP_MS = 1_500;
    private static final int DIRT_MS = 5_000;
    private static final String DIRT = "loss=0.02 reorder=0.02 reorderMs=5 duplicate=0.02 corrupt=0.005";
    private static final String CLEAN = "loss=0 reorder=0 duplicate=0 corrupt=0";

    private final Lab lab;
    private final Fault fault;
    private final Site site;
    private final String owner;
    private final String standby;
    private final String oneWay;
    private final int millis;

    /**
     * Chooses the details of a fault.
     *
     * @param owner the site that owns the guest now
     */
    FaultInjection(Lab lab, Fault fault, Site owner, RandomGenerator random) {
        this.lab = lab;
        this.fault = fault;
        this.site = owner;
        this.owner = owner.id();
        this.standby = owner.peer().id();
        oneWay = random.nextBoolean() ? this.owner + ">" + standby : standby + ">" + this.owner;
        millis = switch (fault) {
            case GATEWAY_PAUSE, STANDBY_GATEWAY_PAUSE, WITNESS_PAUSE -> random.nextInt(MIN_PAUSE_MS, MAX_PAUSE_MS);
            case LINK_FLAP -> random.nextInt(MIN_FLAP_MS, MAX_FLAP_MS);
            case LINK_DIRTY -> DIRT_MS;
            default -> 0;
        };
    }

    /** Details in words. */
    String detail() {
        return switch (fault) {
            case LINK_CUT_ONE_WAY -> oneWay;
            default -> millis == 0 ? "" : millis + " ms";
        };
    }

    /** The beginning of it. */
    void strike() throws IOException {
        switch (fault) {
            case SITE_DEATH -> lab.kill("site:" + owner);
            case GATEWAY_DEATH -> lab.kill("gateway:" + owner);
            case GATEWAY_PAUSE -> lab.pause("gateway:" + owner);
            case HYPERVISOR_DEATH -> lab.kill("qemu:" + owner);
            case AGENT_DEATH -> lab.kill("agent:" + owner);
            case OWNER_ISOLATED -> cut(owner + "-" + standby, owner + "-w*");
            case SWITCHOVER -> new SiteView(lab, site).switchOver("a drill");
            case STANDBY_DEATH -> lab.kill("site:" + standby);
            case STANDBY_GATEWAY_DEATH -> lab.kill("gateway:" + standby);
            case STANDBY_GATEWAY_PAUSE -> lab.pause("gateway:" + standby);
            case STANDBY_AGENT_DEATH -> lab.kill("agent:" + standby);
            case STANDBY_ISOLATED -> cut(owner + "-" + standby, standby + "-w*");
            case LINK_CUT, LINK_FLAP -> cut(owner + "-" + standby);
            case LINK_CUT_ONE_WAY -> cut(oneWay);
            case LINK_DIRTY -> lab.wan("set a-b " + DIRT);
            case WITNESS_DEATH -> lab.kill("witness");
            case WITNESS_PAUSE -> lab.pause("witness");
            case WITNESS_CUT -> cut("a-w*", "b-w*");
        }
    }

    /** How long it lasts by itself, 0 if until it is mended. */
    int lastsMillis() {
        return millis;
    }

    /** Undoes it: what was killed is started again, what was cut heals. */
    void mend() throws IOException {
        switch (fault) {
            case SITE_DEATH -> lab.start("site:" + owner);
            case GATEWAY_DEATH -> lab.start("gateway:" + owner);
            case GATEWAY_PAUSE -> lab.resume("gateway:" + owner);
            case HYPERVISOR_DEATH, SWITCHOVER -> {
                // The agent starts the next hypervisor itself; of a switchover nothing is left.
            }
            case AGENT_DEATH -> lab.start("agent:" + owner);
            case STANDBY_DEATH -> lab.start("site:" + standby);
            case STANDBY_GATEWAY_DEATH -> lab.start("gateway:" + standby);
            case STANDBY_GATEWAY_PAUSE -> lab.resume("gateway:" + standby);
            case STANDBY_AGENT_DEATH -> lab.start("agent:" + standby);
            case OWNER_ISOLATED, STANDBY_ISOLATED, LINK_CUT, LINK_FLAP, LINK_CUT_ONE_WAY, WITNESS_CUT ->
                lab.wan("heal all");
            case LINK_DIRTY -> lab.wan("set a-b " + CLEAN);
            case WITNESS_DEATH -> lab.start("witness");
            case WITNESS_PAUSE -> lab.resume("witness");
        }
    }

    private void cut(String... links) throws IOException {
        for (String link : List.of(links)) {
            lab.wan("cut " + link);
        }
    }
}
