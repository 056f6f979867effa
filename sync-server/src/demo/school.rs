//! Højager Skole: the tenant of the demo. School, issuer and addresses are invented and say so.
//!
//! Pure data. **Invariant:** the terms say what the program does: changing a rule there means changing the text here.

use madkort_protocol::{DepositLimits, Issuer, Money, OfflineLimits, School, TapPolicy, Terms};

use super::ids;

/// The version of the terms below.
pub const TERMS_VERSION: &str = "2026-08";

const TERMS_DA: &str = "\
Højager Kantine (fiktiv) udsteder e-penge på madkortet og opbevarer saldoen. En indbetaling lægges på saldoen med det samme.

Du indbetaler hele kroner. Det koster ikke noget. Kvitteringen skrives ud ved skærmen og sendes på e-mail, og indbetalingen står på kontoudtoget.

Du kan altid få saldoen udbetalt til en dansk bankkonto. Der er ingen mindstegrænse og intet gebyr, og pengene er fremme \
senest næste bankdag. Saldoen kan hentes, også efter at kortet er udløbet, i mindst et år.

Forudbestilt mad kan afbestilles indtil bestillingsfristen. Pengene er reserveret fra bestillingen og betales ved fristen.

Auto-optank trækker det aftalte beløb på dit betalingskort, når et køb bringer saldoen under 50,00 kr. Det virker først, når \
der i alt er indbetalt 100,00 kr. Aftalen har en grænse pr. dag, uge og måned. Hver optankning står på \
kontoudtoget. Du kan stoppe den når som helst, og den stopper straks.

Mister du kortet, så spær det ved skærmen eller i kantinen. Saldoen følger med over på det nye kort.

Klager går til kantinen. Får du ikke medhold, kan du gå til Center for Klageløsning.";

const TERMS_EN: &str = "\
Højager Kantine (fictional) issues e-money on the canteen card and holds the balance. A deposit is on the balance at once.

You pay in whole kroner. There is no charge. The receipt is printed at the screen and mailed, and the deposit is on the statement.

You can have the balance paid out to a Danish bank account at any time. There is no lowest amount and no fee, and the money \
arrives on the next banking day at the latest. The balance can be claimed for at least a year after the card has expired.

Food ordered ahead can be cancelled until the order deadline. The money is held from the order and paid at the deadline.

Auto top-up charges the agreed amount to your payment card when a purchase takes the balance below DKK 50.00. It takes effect \
only when DKK 100.00 has been paid in altogether. The agreement has a limit per day, week and month. Each top-up is on \
the statement. You can stop it at any time, and it stops at once.

If you lose the card, block it at the screen or in the canteen. The balance moves to the new card.

Complaints go to the canteen. If you do not agree with the answer, you can go to the Danish Center for Complaint Resolution.";

/// The school with its rules.
pub fn school() -> School {
    School {
        id: ids::school(),
        name: "Højager Skole".to_owned(),
        issuer: Issuer {
            name: "Højager Kantine (fiktiv)".to_owned(),
            cvr: "00000000".to_owned(),
            address: "Eksempelvej 1, 0000 Højager".to_owned(),
        },
        terms: Terms { version: TERMS_VERSION.to_owned(), da: TERMS_DA.to_owned(), en: TERMS_EN.to_owned() },
        support_email: "kantinen@hojager.example".to_owned(),
        support_phone: "00 00 00 00".to_owned(),
        tap: TapPolicy::CardDecides,
        offline: OfflineLimits {
            per_sale: Money::from_kroner(100),
            per_card: Money::from_kroner(100),
            per_kiosk: Money::from_kroner(2_000),
            hours: 72,
        },
        deposit: DepositLimits { lowest: Money::from_kroner(10), highest: Money::from_kroner(1_000) },
    }
}
