package org.secondsite.witness;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import org.junit.jupiter.api.Test;
import org.secondsite.testing.ModuleRules;

/** What a witness may know, that its core is pure, and that nothing is called durable but by a store. */
class ModuleRulesTest extends ModuleRules {
    ModuleRulesTest() {
        super("witness");
    }

    @Test
    void raftStaysInItsPackage() {
        noClasses()
                .that()
                .resideOutsideOfPackage("..io.quorum..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.apache.ratis..")
                .check(classes());
    }

    @Test
    void onlyStoresProveDurability() {
        ArchRuleDefinition.classes()
                .that()
                .doNotImplement(RecordStore.class)
                .and(new DescribedPredicate<JavaClass>("are no part of such a class") {
                    @Override
                    public boolean test(JavaClass type) {
                        return type.getEnclosingClass()
                                .filter(outer -> outer.isAssignableTo(RecordStore.class))
                                .isEmpty();
                    }
                })
                .and()
                .doNotHaveFullyQualifiedName(Durable.class.getName())
                .should(new ArchCondition<JavaClass>("not call Durable.proven") {
                    @Override
                    public void check(JavaClass type, ConditionEvents events) {
                        type.getMethodCallsFromSelf().stream()
                                .filter(call -> call.getTargetOwner().isEquivalentTo(Durable.class)
                                        && call.getName().equals("proven"))
                                .forEach(
                                        call -> events.add(SimpleConditionEvent.violated(call, call.getDescription())));
                    }
                })
                .check(classes());
    }
}
