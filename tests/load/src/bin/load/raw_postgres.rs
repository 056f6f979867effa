//! The raw batched call through tokio-postgres: a whole batch in one function call.
//!
//! **Invariant:** when [`RawPostgres::post`] returns, the batch is committed with `synchronous_commit=on`.

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use tokio_postgres::{Client, NoTls, Statement};

use crate::books;
use crate::raw::{Answer, Asked, CAP, FIRST_ACCOUNT, Periods, digest, vat};

const SCHEMA: &str = include_str!("raw_postgres.sql");
const CALL: &str = "SELECT post($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// A connection with the call prepared.
pub struct RawPostgres {
    client: Client,
    call: Statement,
}

impl RawPostgres {
    /// Makes the books, with every account in them, in an empty database.
    pub async fn create(url: &str) -> Result<Self> {
        let client = connect(url).await?;
        client.batch_execute(SCHEMA).await.context("making the raw books")?;
        let card = client.prepare("INSERT INTO cards VALUES ($1, $2, true)").await?;
        client
            .execute(
                "INSERT INTO books SELECT n, CASE WHEN n < $1 THEN 0 ELSE 1000000000000 END, 0, 0, 0, 0, $3, 0, 0, $3, 0, 0, $3
                 FROM generate_series(1::bigint, $2::bigint) n",
                &[&FIRST_ACCOUNT, &(FIRST_ACCOUNT + i64::from(books::ACCOUNTS)), &CAP],
            )
            .await?;
        client.batch_execute("BEGIN").await?;
        for (number, id) in (0..books::ACCOUNTS).zip(FIRST_ACCOUNT..) {
            client.execute(&card, &[&books::uid(number)?.as_hex(), &id]).await?;
        }
        client.batch_execute("COMMIT; ANALYZE").await?;
        let call = client.prepare(CALL).await.context("preparing the raw call")?;
        Ok(Self { client, call })
    }

    /// Checks and posts a batch in one call, answers in order.
    pub async fn post(&self, batch: &[Asked], now: Timestamp) -> Result<Vec<Answer>> {
        let periods = Periods::of(now);
        let ids: Vec<_> = batch.iter().map(|asked| asked.request.id.uuid()).collect();
        let digests: Vec<_> = batch.iter().map(|asked| digest(&asked.request).to_vec()).collect();
        let devices: Vec<_> = batch.iter().map(|asked| asked.device.uuid()).collect();
        let uids: Vec<_> = batch.iter().map(|asked| asked.request.card_uid.as_hex()).collect();
        let amounts: Vec<_> = batch.iter().map(|asked| asked.request.amount.ore()).collect();
        let vats: Vec<_> = batch.iter().map(|asked| vat(&asked.request)).collect();
        let texts: Vec<_> = batch.iter().map(|asked| asked.request.text.as_str()).collect();
        let at = now.as_microsecond();
        let row = self
            .client
            .query_one(
                &self.call,
                &[
                    &ids,
                    &digests,
                    &devices,
                    &uids,
                    &amounts,
                    &vats,
                    &texts,
                    &at,
                    &periods.day,
                    &periods.week,
                    &periods.month,
                ],
            )
            .await
            .context("the raw call")?;
        let outcomes: Vec<i32> = row.try_get(0)?;
        ensure!(outcomes.len() == batch.len(), "{} answers to {} purchases", outcomes.len(), batch.len());
        Ok(outcomes.into_iter().map(answer).collect())
    }
}

/// A connection whose other half runs by itself.
async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.context("connecting to PostgreSQL")?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            eprintln!("the connection to PostgreSQL broke: {error}");
        }
    });
    Ok(client)
}

const fn answer(outcome: i32) -> Answer {
    match outcome {
        0 => Answer::Posted,
        1 => Answer::AlreadyPosted,
        2 => Answer::IdReused,
        _ => Answer::Refused,
    }
}
