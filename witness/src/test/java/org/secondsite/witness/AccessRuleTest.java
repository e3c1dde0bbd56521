package org.secondsite.witness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;

class AccessRuleTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final SiteId C = new SiteId("c");
    private static final GroupId WEB = new GroupId("web");
    private static final GroupId MAIL = new GroupId("mail");

    private final AccessRule rule =
            new AccessRule(List.of(new GroupSettings(WEB, A, B, A), new GroupSettings(MAIL, B, C, C)));

    @Test
    void siteHasItsOwnGroupsOnly() {
        assertEquals(Set.of(A, B, C), rule.sites());
        assertEquals(Optional.empty(), rule.objectionTo(A));
        assertEquals(Optional.empty(), rule.objectionTo(A, WEB));
        assertEquals(Optional.of("group 'mail' is none of site 'a'"), rule.objectionTo(A, MAIL));
        assertEquals(
                Optional.of("group 'other' is not configured at this witness"),
                rule.objectionTo(A, new GroupId("other")));
        assertEquals(Optional.of("'d' is no site of any group of this witness"), rule.objectionTo(new SiteId("d")));
    }

    @Test
    void operatorHasAllGroupsAndForcesAnySite() {
        assertEquals(Optional.empty(), rule.objectionTo(AccessRule.OPERATOR));
        assertEquals(Optional.empty(), rule.objectionToForce(AccessRule.OPERATOR, MAIL, B));
        assertEquals(
                Optional.of("group 'other' is not configured at this witness"),
                rule.objectionToForce(AccessRule.OPERATOR, new GroupId("other"), B));
    }

    @Test
    void siteForcesOnlyItself() {
        assertEquals(Optional.empty(), rule.objectionToForce(B, WEB, B));
        assertEquals(Optional.of("site 'b' can force only itself to be owner"), rule.objectionToForce(B, WEB, A));
        assertEquals(Optional.of("group 'mail' is none of site 'a'"), rule.objectionToForce(A, MAIL, A));
    }

    @Test
    void reservedNamesAndDoubleGroupsAreRefused() {
        GroupSettings reserved = new GroupSettings(WEB, A, AccessRule.OPERATOR, A);
        assertThrows(IllegalArgumentException.class, () -> new AccessRule(List.of(reserved)));
        GroupSettings web = new GroupSettings(WEB, A, B, A);
        assertThrows(IllegalArgumentException.class, () -> new AccessRule(List.of(web, web)));
        assertThrows(IllegalArgumentException.class, () -> new GroupSettings(WEB, A, A, A));
        assertThrows(IllegalArgumentException.class, () -> new GroupSettings(WEB, A, B, C));
    }
}
